import { paginateListSecretVersionIds, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsPages } from './calls.ts';

/** The versions of a secret that Secrets Manager still keeps, those without a label too: it prunes old ones of its own accord. */
export async function keptVersions(client: SecretsManagerClient, secretId: string): Promise<ReadonlySet<string>> {
  const ask = { SecretId: secretId, IncludeDeprecated: true };
  const pages = await awsPages('secretsmanager:ListSecretVersionIds', paginateListSecretVersionIds({ client }, ask));
  return new Set(pages.flatMap(({ Versions = [] }) => Versions.flatMap(({ VersionId }) => VersionId ?? [])));
}
