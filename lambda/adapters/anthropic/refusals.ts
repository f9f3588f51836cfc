import { KeyguardError } from '../../foundation/errors.ts';

/** An answer of Anthropic that refuses a request: what its error says (platform.claude.com/docs/en/api/errors). */
export interface Refusal {
  readonly status: number | undefined;
  readonly type: string | null;
  readonly errorCode: string | null;
  /** Helps to find the name, never what is done: its wording may change. */
  readonly message: string | null;
}

/** The true name of a refusal that concerns everything that is asked with the admin credential, with its cure; undefined for any other. Pure. */
export function refusalOf(operation: string, refusal: Refusal): KeyguardError | undefined {
  const { status } = refusal;
  const named = refusalOfAnybody(operation, refusal);
  if (named !== undefined) return named;
  if (status === 401) {
    return new KeyguardError(
      'admin-access-refused',
      `${operation}: Anthropic refuses the admin credential (401)`,
      'it was deleted or has expired: store a valid admin key (npx --no-install keyguard admin-key set), or check the federation rule',
    );
  }
  if (status !== 403) return undefined;
  return new KeyguardError(
    'admin-access-too-narrow',
    `${operation}: the admin credential lacks the permission (403)`,
    'use an Admin key (npx --no-install keyguard admin-key set), or a rule with scope org:admin',
  );
}

/** What Anthropic says of the organization or the network, whatever credential asks. Pure. */
export function refusalOfAnybody(operation: string, { status, type, errorCode, message }: Refusal): KeyguardError | undefined {
  if (errorCode === 'organization_on_hold') {
    return new KeyguardError(
      'organization-on-hold',
      `${operation}: Anthropic has put the organization on hold`,
      'an administrator must look into the Claude Console and its email; no key of the organization works until Anthropic lifts it',
    );
  }
  if (status === 402) {
    return new KeyguardError(
      'anthropic-billing',
      `${operation}: Anthropic refuses the organization for its billing (402)`,
      'look at Claude Console > Settings > Billing',
    );
  }
  if (status !== 403) return undefined;
  if (type === 'permission_error' && errorCode !== 'sandbox_egress_restricted') {
    return /\bIP address\b/i.test(message ?? '') ? outsideTheList(operation) : undefined;
  }
  return new KeyguardError(
    'network-not-allowed',
    `${operation}: Anthropic takes no requests from this region or network (403 ${plain(errorCode ?? type)})`,
    'send requests from a country that Anthropic supports: look at the Region of the functions, and for a VPN or a proxy on the way',
  );
}

function outsideTheList(operation: string): KeyguardError {
  return new KeyguardError(
    'network-not-allowed',
    `${operation}: the organization's IP allow list does not let this network in (403)`,
    'an administrator adds the public address of this network in the Claude Console; functions in a VPC have that of its NAT gateway',
  );
}

function plain(word: string | null): string {
  return word !== null && /^[a-z_]{1,60}$/.test(word) ? word : 'without a type';
}
