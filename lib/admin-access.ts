import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { AdminAccess as AdminAccessDefinition } from '../contract/environment.ts';
import { adminKeySecretName } from '../contract/names.ts';
import type { AppFunction } from './app-function.ts';
import type { AdminAccessConfiguration } from './config/schema.ts';
import { allowKeyThrough } from './encryption-key.ts';
import { GuardedSecret } from './guarded-secret.ts';

export interface AdminAccessProps {
  readonly installation: string;
  readonly access: AdminAccessConfiguration;
  /** Who may use it beside the functions. */
  readonly operators: readonly string[];
  readonly encryptionKey: IKey;
}

/** How the functions reach Anthropic's Admin API: a static key in a secret of its own, or a token that their role earns. */
export class AdminAccess extends Construct {
  /** The secret to fill after the deployment; none with federation. */
  readonly secret: GuardedSecret | undefined;
  /** What the functions and the command line are told of it. */
  readonly definition: AdminAccessDefinition;
  readonly #props: AdminAccessProps;

  constructor(scope: Construct, id: string, props: AdminAccessProps) {
    super(scope, id);
    this.#props = props;
    const { installation, access, operators, encryptionKey } = props;
    if (access.kind === 'key') {
      const secretName = adminKeySecretName(installation);
      const description = 'Anthropic Admin API key: store it with npx --no-install keyguard admin-key set';
      this.secret = new GuardedSecret(this, 'AdminKey', { secretName, operators, encryptionKey, description });
      this.definition = { kind: 'key', secretName };
    } else {
      const { federationRuleId, serviceAccountId, audience } = access;
      this.definition = { kind: 'federation', federationRuleId, serviceAccountId, audience };
    }
  }

  /** Lets `grantee` act as an administrator of the Anthropic organization. */
  grantUse(grantee: AppFunction): void {
    const { access, encryptionKey } = this.#props;
    if (this.secret !== undefined) {
      this.secret.readBy(grantee.role);
      grantee.grantPrincipal.addToPrincipalPolicy(
        new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.secret.secretArn] }),
      );
      allowKeyThrough('secretsmanager to read', encryptionKey, grantee);
    }
    if (access.kind === 'federation') grantee.grantPrincipal.addToPrincipalPolicy(webIdentityToken(access.audience));
  }
}

/** A token for this audience only, and a short one: it cannot be revoked. IAM User Guide, "Controlling access" to outbound federation. */
function webIdentityToken(audience: string): PolicyStatement {
  return new PolicyStatement({
    actions: ['sts:GetWebIdentityToken'],
    resources: ['*'], // the action knows no resources
    conditions: {
      'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': [audience] },
      // ForAllValues alone is also true of a request that names no audience.
      Null: { 'sts:IdentityTokenAudience': 'false' },
      NumericLessThanEquals: { 'sts:DurationSeconds': 300 },
      StringEquals: { 'sts:SigningAlgorithm': 'ES384' },
    },
  });
}
