/** What of a resource policy matters here. */
interface Statement {
  readonly effect: unknown;
  readonly principal: unknown;
  readonly actions: readonly string[];
  readonly condition: unknown;
}

/** What a reader of a secret's value, or of a copy in another Region, would do. */
const readingActions = ['secretsmanager:GetSecretValue', 'secretsmanager:ReplicateSecretToRegions'];

/** Whether a function's policy lets an AWS service, such as `secretsmanager.amazonaws.com`, call the function. */
export function letsInvoke(policy: unknown, service: string): boolean {
  return statementsOf(policy).some(
    (statement) =>
      statement.effect === 'Allow' &&
      texts(field(statement.principal, 'Service')).includes(service) &&
      covers(statement, 'lambda:InvokeFunction'),
  );
}

/** Whether a secret's policy denies everybody but these roles and users to read it, or to copy it elsewhere; or these other actions. */
export function deniesAllBut(policy: unknown, arns: readonly string[], actions: readonly string[] = readingActions): boolean {
  const denials = statementsOf(policy).filter(
    ({ effect, principal, condition }) => effect === 'Deny' && isEverybody(principal) && exempts(condition, arns),
  );
  return actions.every((action) => denials.some((denial) => covers(denial, action)));
}

/** Which of these actions no statement of a secret's policy allows this role. */
export function notAllowed(policy: unknown, roleArn: string, actions: readonly string[]): readonly string[] {
  const own = statementsOf(policy).filter(
    ({ effect, principal, condition }) => effect === 'Allow' && condition === undefined && texts(field(principal, 'AWS')).includes(roleArn),
  );
  return actions.filter((action) => !own.some((statement) => covers(statement, action)));
}

function statementsOf(policy: unknown): readonly Statement[] {
  return [field(policy, 'Statement')].flat().map((statement) => ({
    effect: field(statement, 'Effect'),
    principal: field(statement, 'Principal'),
    actions: texts(field(statement, 'Action')),
    condition: field(statement, 'Condition'),
  }));
}

/** Names of actions know no case. */
function covers({ actions }: Statement, action: string): boolean {
  const [service = ''] = action.split(':');
  const names = ['*', `${service}:*`, action].map((name) => name.toLowerCase());
  return actions.some((each) => names.includes(each.toLowerCase()));
}

function isEverybody(principal: unknown): boolean {
  return texts(principal).includes('*') || texts(field(principal, 'AWS')).includes('*');
}

/** Any further condition would let more through: a Deny counts only where all its conditions hold. */
function exempts(condition: unknown, arns: readonly string[]): boolean {
  const operator = onlyEntry(condition);
  const key = operator?.[0] === 'ArnNotEquals' ? onlyEntry(operator[1]) : undefined;
  const exempted = texts(key?.[1]);
  return key?.[0].toLowerCase() === 'aws:principalarn' && exempted.length === arns.length && arns.every((arn) => exempted.includes(arn));
}

function onlyEntry(value: unknown): readonly [string, unknown] | undefined {
  const entries = value instanceof Object ? Object.entries(value) : [];
  return entries.length === 1 ? entries[0] : undefined;
}

function field(value: unknown, name: string): unknown {
  return value instanceof Object ? Reflect.get(value, name) : undefined;
}

/** Policies write one text as such, several as a list. */
function texts(value: unknown): readonly string[] {
  return [value].flat().filter((each) => typeof each === 'string');
}
