import { ListSecretVersionIdsCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsCall } from './calls.ts';

/** The versions of a secret that Secrets Manager still keeps, those without a label too: it prunes old ones of its own accord. */
export async function keptVersions(client: SecretsManagerClient, secretArn: string): Promise<ReadonlySet<string>> {
  const kept = new Set<string>();
  let next: string | undefined;
  do {
    const page = await awsCall('secretsmanager:ListSecretVersionIds', () =>
      client.send(
        new ListSecretVersionIdsCommand({
          SecretId: secretArn,
          IncludeDeprecated: true,
          ...(next === undefined ? {} : { NextToken: next }),
        }),
      ),
    );
    for (const { VersionId } of page.Versions ?? []) if (VersionId !== undefined) kept.add(VersionId);
    next = page.NextToken;
  } while (next !== undefined && next !== '');
  return kept;
}
