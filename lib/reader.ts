import { ArnPrincipal, LazyRole, PrincipalBase, Role, UnknownPrincipal, User } from 'aws-cdk-lib/aws-iam';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import { Stack, Token, TokenComparison } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { partitionOf } from './config/regions.ts';

/** Who is to read, and which policies can let it in. */
export interface Reader {
  /** The CDK makes it, so that it can be given a policy of its own. */
  readonly inside: boolean;
  /** Whom the policies of secret and key must name; undefined where its own policy is enough. */
  readonly outsider: IPrincipal | undefined;
  /** Surely of the secret's own account. */
  readonly ofOwnAccount: boolean;
}

/** @throws Error for who cannot be let in. */
export function readerOf({ grantPrincipal: principal }: Partial<IGrantable>, secret: Construct): Reader {
  // The CDK lets an imported managed policy pass for something that can be granted to.
  if (principal === undefined) throw refusal(secret, 'the consumer takes no policy (an imported managed policy takes none)');
  const inside = !isOutside(principal);
  const { account } = Stack.of(secret);
  if (inside && !isElsewhere(principal.principalAccount, account)) return { inside, outsider: undefined, ofOwnAccount: true };
  const names = checkedNames(principal, secret);
  // An imported role would be given a policy in this account as well: only its name counts here.
  const [first] = Object.values(principal.policyFragment.principalJson).flat();
  const outsider = principal instanceof PrincipalBase || first === undefined ? principal : new ArnPrincipal(first);
  return { inside, outsider, ofOwnAccount: names.every((name) => accountIn(name) === account) };
}

function refusal(secret: Construct, why: string): Error {
  return new Error(`${secret.node.path}: grantRead: ${why}: give a role or a user, or the root of another account`);
}

/** An imported or wrapped role takes a policy too, says that it did, and forgets it. */
function isOutside(principal: IPrincipal): boolean {
  if ([Role, LazyRole, User].some((kind) => principal instanceof kind)) return false;
  // Of a resource without a role the CDK says the same.
  if (principal instanceof UnknownPrincipal) return true;
  return principal instanceof PrincipalBase || 'roleArn' in principal || 'userArn' in principal;
}

function isElsewhere(account: string | undefined, own: string): boolean {
  if (account === undefined) return false;
  return [TokenComparison.DIFFERENT, TokenComparison.ONE_UNRESOLVED].includes(Token.compareStrings(account, own));
}

/** The names of a principal that the policies of secret and key may bear. */
function checkedNames(principal: IPrincipal, secret: Construct): readonly string[] {
  if (principal instanceof UnknownPrincipal) throw refusal(secret, 'the consumer has no role of its own that the app knows');
  const stack = Stack.of(secret);
  const named = Object.entries(principal.policyFragment.principalJson).flatMap(([kind, names]) =>
    names.map((name) => ({ kind, name: legible(stack.resolve(name)) })),
  );
  if (named.length === 0) throw refusal(secret, 'the consumer is no principal');
  for (const { kind, name } of named) {
    const why = kind === 'AWS' ? whyNot(name, stack) : whyNotOf(kind, name);
    if (why !== undefined) throw refusal(secret, why);
  }
  return named.map(({ name }) => name);
}

/** Stands for what only the deployment knows. No ARN holds it. */
const unknown = '?';

function legible(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const join: unknown = resolved instanceof Object ? Reflect.get(resolved, 'Fn::Join') : undefined;
  const parts: unknown = Array.isArray(join) ? join[1] : undefined;
  return Array.isArray(parts) ? parts.map((part) => (typeof part === 'string' ? part : unknown)).join('') : unknown;
}

function whyNotOf(kind: string, name: string): string {
  return kind === 'Service' ? `${name} is a service, which reads with a role` : `a principal of the kind ${kind} cannot read a secret`;
}

const accountNumber = /^[0-9]{12}$/;
const readers =
  /^arn:[^:]+:(?:iam::(?:[0-9]{12}|\?):(?:root|(?:role|user)\/.*[^/])|sts::(?:[0-9]{12}|\?):(?:assumed-role|federated-user)\/.*[^/])$/;

/** Principals: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
function whyNot(name: string, { region, account }: Stack): string | undefined {
  if (name === unknown) return undefined;
  if (name.includes('*')) return `"${name}" names more than one reader`;
  if (name.includes(':group/')) return `${name} is a group, which no policy of a secret can name`;
  if (!accountNumber.test(name) && !readers.test(name)) return `"${name}" is not the ARN of a role, a user or a root`;
  const [, partition = unknown] = name.split(':');
  const home = partitionOf(region);
  if (home !== undefined && partition !== unknown && partition !== home) return `${name} lies in another partition of AWS than ${region}`;
  const isAccount = accountNumber.test(name) || name.endsWith(':root');
  const isSurelyAnother = ![account, unknown].includes(accountIn(name)) && !Token.isUnresolved(account);
  if (!isAccount || isSurelyAnother) return undefined;
  return (
    'the account of the secret itself needs no grant, and its roles are not let in by one. Where you mean another account, give its ' +
    'number, and give the stack an env with its own'
  );
}

/** The account that a principal's name speaks of. */
function accountIn(name: string): string {
  return accountNumber.test(name) ? name : (name.split(':')[4] ?? unknown);
}
