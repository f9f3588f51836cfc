import {
  AccountPrincipal,
  AccountRootPrincipal,
  ArnPrincipal,
  Grant,
  LazyRole,
  PolicyStatement,
  PrincipalBase,
  Role,
  UnknownPrincipal,
  User,
} from 'aws-cdk-lib/aws-iam';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Stack, Token, TokenComparison } from 'aws-cdk-lib/core';
import { allowKeyThrough } from './encryption-key.ts';

/**
 * Lets `consumer` read the secret's current value, and no other version. What the CDK makes gets a policy of its own. What lies
 * outside of the app (an imported role, another account) cannot be given one: it is let in by the policies of secret and key.
 *
 * @throws Error for who cannot be let in: success is never reported for a grant that changes nothing.
 */
export function grantRead(secret: Secret, encryptionKey: IKey, consumer: IGrantable): Grant {
  const principal = consumer.grantPrincipal;
  const outside = isOutside(principal);
  const grants: Grant[] = [];
  if (!outside) {
    allowKeyThrough('secretsmanager to read', encryptionKey, consumer);
    grants.push(...read(secret, (statement) => Grant.addToPrincipal({ grantee: consumer, ...statement })));
  }
  if (outside || isElsewhere(principal, secret)) {
    const outsider = checkedOutsider(principal, secret);
    encryptionKey.addToResourcePolicy(
      new PolicyStatement({
        principals: [outsider],
        actions: ['kms:Decrypt'],
        resources: ['*'], // in a key's policy: this key
        conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(secret).region}.amazonaws.com` } },
      }),
    );
    grants.push(
      ...read(secret, ({ actions, conditions }) =>
        Grant.addStatementToResourcePolicy({
          grantee: { grantPrincipal: outsider },
          actions,
          resourceArns: ['*'], // in a secret's policy: this secret
          resource: secret,
          statement: new PolicyStatement({ principals: [outsider], actions, resources: ['*'], conditions }),
        }),
      ),
    );
  }
  for (const grant of grants) grant.assertSuccess();
  return grants.reduce((all, grant) => all.combine(grant));
}

interface ReadStatement {
  readonly actions: string[];
  readonly resourceArns: string[];
  readonly conditions: Record<string, Record<string, unknown>>;
}

function read(secret: Secret, grant: (statement: ReadStatement) => Grant): readonly Grant[] {
  const resourceArns = [secret.secretArn];
  const current = { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': 'AWSCURRENT' } };
  return [
    grant({ actions: ['secretsmanager:GetSecretValue'], resourceArns, conditions: current }),
    // Caching clients ask which version is current.
    grant({ actions: ['secretsmanager:DescribeSecret'], resourceArns, conditions: {} }),
  ];
}

/** An imported or wrapped role takes a policy too, says that it did, and forgets it. */
function isOutside(principal: IPrincipal): boolean {
  if ([Role, LazyRole, User].some((kind) => principal instanceof kind)) return false;
  // Of a resource without a role the CDK says the same.
  if (principal instanceof UnknownPrincipal) return true;
  return principal instanceof PrincipalBase || 'roleArn' in principal || 'userArn' in principal;
}

function isElsewhere({ principalAccount }: IPrincipal, secret: Secret): boolean {
  if (principalAccount === undefined) return false;
  const compared = Token.compareStrings(principalAccount, Stack.of(secret).account);
  return compared === TokenComparison.DIFFERENT || compared === TokenComparison.ONE_UNRESOLVED;
}

/** The same principal, where the policies of secret and key may name it. */
function checkedOutsider(principal: IPrincipal, secret: Secret): IPrincipal {
  const refuse = (why: string): never => {
    throw new Error(`${secret.node.path}: grantRead: ${why}: give a role or a user, or the root of another account`);
  };
  if (principal instanceof UnknownPrincipal) refuse('the consumer has no role of its own that the app knows');
  const { principalJson } = principal.policyFragment;
  const names = Object.entries(principalJson).flatMap(([kind, named]) => named.map((name) => ({ kind, name })));
  if (names.length === 0) refuse('the consumer is no principal');
  for (const { kind, name } of names) {
    if (kind === 'Service') refuse(`${name} is a service, which reads with a role`);
    if (kind !== 'AWS') refuse(`a principal of the kind ${kind} cannot read a secret`);
    if (Token.isUnresolved(name) && !name.includes(':')) continue;
    if (name.includes('*')) refuse(`"${name}" names more than one reader`);
    if (/:group\//.test(name)) refuse(`${name} is a group, which no policy of a secret can name`);
  }
  if (principal instanceof AccountRootPrincipal || (principal instanceof AccountPrincipal && !isElsewhere(principal, secret))) {
    refuse('the account of the secret itself needs no grant, and its roles are not let in by one');
  }
  // An imported role would be given a policy in this account as well: only its name counts here.
  const [first] = names;
  return principal instanceof PrincipalBase || first === undefined ? principal : new ArnPrincipal(first.name);
}
