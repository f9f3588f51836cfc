import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Code, type CodeConfig } from 'aws-cdk-lib/aws-lambda';
import { FileAssetPackaging, Lazy, Stack, Stage, type FileAssetLocation } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { FunctionName } from '../contract/registry.ts';
import { definitionsFile, type Definitions } from '../contract/policy.ts';
import { handlerCode } from './bundled-handler.ts';

/**
 * One function's bundle, and the definitions beside it. CDK's own assets are complete when they are made, but managed keys
 * come after the functions that serve them: so this one is made when the template is.
 */
export class FunctionCode extends Code {
  readonly isInline = false;
  readonly #name: FunctionName;
  readonly #definitions: () => Definitions;

  constructor(name: FunctionName, definitions: () => Definitions) {
    super();
    this.#name = name;
    this.#definitions = definitions;
  }

  override bind(scope: Construct): CodeConfig {
    const located = (of: (location: FileAssetLocation) => string): string =>
      // Uncached: the template is resolved several times, and the first time can be too early.
      Lazy.uncachedString({ produce: () => of(this.#staged(scope)) });
    return { s3Location: { bucketName: located(({ bucketName }) => bucketName), objectKey: located(({ objectKey }) => objectKey) } };
  }

  #staged(scope: Construct): FileAssetLocation {
    const stack = Stack.of(scope);
    const files = {
      // As NodejsFunction does: commands that deploy nothing need no bundle.
      'index.js': stack.bundlingRequired ? handlerCode(this.#name) : '',
      [definitionsFile]: `${JSON.stringify(this.#definitions(), null, 2)}\n`,
    };
    const sourceHash = createHash('sha256').update(JSON.stringify(files)).digest('hex');
    const stage = Stage.of(scope);
    if (stage === undefined) throw new Error(`${scope.node.path}: it is in no App`);
    const folder = join(stage.assetOutdir, `asset.${sourceHash}`);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    return stack.synthesizer.addFileAsset({
      fileName: relative(stage.outdir, folder),
      packaging: FileAssetPackaging.ZIP_DIRECTORY,
      sourceHash,
      displayName: `${scope.node.path} code`,
    });
  }
}
