import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { App, Stage, type Stack } from 'aws-cdk-lib/core';
import { loadConfiguration } from '../../lib/config/load.ts';
import type { Configuration } from '../../lib/config/schema.ts';
import { configurationSchema } from '../../lib/config/schema.ts';
import { KeyguardStack } from '../../lib/keyguard-stack.ts';

const root = `${import.meta.dirname}/../..`;
const cdkJson: unknown = JSON.parse(readFileSync(`${root}/cdk.json`, 'utf8'));

export const example = loadConfiguration({ path: `${root}/keyguard.example.json` }).configuration;

const ofLength = new Map<number, Configuration>();

/** The example with other managed keys: as many as asked for. */
export function withKeys(count: number): Configuration {
  const known = ofLength.get(count);
  if (known !== undefined) return known;
  const managedKeys = Array.from({ length: count }, (_, index) => ({ name: `team-number-${index}`, workspaceId: 'wrkspc_01Example' }));
  const configuration = configurationSchema.parse({ ...example, managedKeys });
  ofLength.set(count, configuration);
  return configuration;
}

/** The example with a heartbeat, on a managed key of its own. */
export const beating = configurationSchema.parse({
  ...example,
  managedKeys: [...example.managedKeys, { name: 'heartbeat', workspaceId: 'wrkspc_01Example' }],
  usage: { heartbeat: { managedKey: 'heartbeat' } },
});

/** An app with the flags of cdk.json that neither bundles nor lints its template: both belong to `npm run synth`. */
export function quickApp(): App {
  const context: unknown = cdkJson instanceof Object ? Reflect.get(cdkJson, 'context') : undefined;
  if (!(context instanceof Object)) throw new Error('cdk.json has no context');
  return new App({
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
    context: { ...Object.fromEntries(Object.entries(context)), 'aws:cdk:bundling-stacks': [] },
  });
}

export function stackOf(configuration: Configuration): KeyguardStack {
  return new KeyguardStack(quickApp(), 'Keyguard', { configuration, stackName: configuration.installation });
}

/** A resource of a synthesised template, read no further than that. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A template as plain data. */
export class Synthesised {
  readonly template: Template;
  readonly text: string;

  readonly definitions: unknown;

  constructor(configuration: Configuration) {
    const stack = stackOf(configuration);
    this.template = Template.fromStack(stack);
    this.definitions = definitionsIn(stack);
    this.text = JSON.stringify(this.template.toJSON(), null, 2);
  }

  /** By logical id. */
  resources(type: string): ReadonlyMap<string, Resource> {
    return new Map(Object.entries(this.template.findResources(type)).map(([id, resource]) => [id, asResource(resource)]));
  }

  /** The one resource of this type whose logical id begins so. */
  one(type: string, prefix: string): { readonly id: string; readonly resource: Resource } {
    const found = [...this.resources(type)].filter(([id]) => id.startsWith(prefix));
    const [first] = found;
    if (first === undefined || found.length !== 1) throw new Error(`${found.length} resources ${type} begin with ${prefix}`);
    return { id: first[0], resource: first[1] };
  }

  outputs(): readonly string[] {
    return Object.keys(this.template.findOutputs('*'));
  }
}

/** What a synthesised stack deploys beside the code of each function: the same for all. */
export function definitionsIn(stack: Stack): unknown {
  const folder = Stage.of(stack)?.outdir ?? '';
  const manifest: unknown = JSON.parse(readFileSync(join(folder, `${stack.artifactId}.assets.json`), 'utf8'));
  const { files } = manifest as { readonly files: Readonly<Record<string, { readonly source: { path: string; packaging: string } }>> };
  const texts = Object.values(files)
    .filter(({ source }) => source.packaging === 'zip')
    .map(({ source }) => readFileSync(join(folder, source.path, 'definitions.json'), 'utf8'));
  const last = texts.at(-1);
  if (last === undefined) throw new Error('no function has definitions');
  return JSON.parse(last);
}

const stacks = new Map<Configuration, Synthesised>();

/** A stack that several files look at: it is synthesised once. */
export function synthesised(configuration: Configuration): Synthesised {
  const stack = stacks.get(configuration) ?? new Synthesised(configuration);
  stacks.set(configuration, stack);
  return stack;
}

/** Text of an intrinsic function, each reference as `{LogicalId}` or `{LogicalId.Attribute}`. */
export function rendered(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!(value instanceof Object)) return JSON.stringify(value);
  if ('Ref' in value) return `{${String(value.Ref)}}`;
  if ('Fn::GetAtt' in value && Array.isArray(value['Fn::GetAtt'])) return `{${value['Fn::GetAtt'].join('.')}}`;
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
    const parts: unknown = value['Fn::Join'][1];
    return Array.isArray(parts) ? parts.map(rendered).join(String(value['Fn::Join'][0])) : '';
  }
  return JSON.stringify(value);
}

function asResource(resource: Record<string, unknown>): Resource {
  const properties: unknown = resource.Properties;
  return {
    Properties: properties instanceof Object ? Object.fromEntries(Object.entries(properties)) : {},
    Type: String(resource.Type),
    ...(resource.DependsOn === undefined
      ? {}
      : { DependsOn: Array.isArray(resource.DependsOn) ? resource.DependsOn.map(String) : [rendered(resource.DependsOn)] }),
    ...(typeof resource.DeletionPolicy === 'string' ? { DeletionPolicy: resource.DeletionPolicy } : {}),
    ...(typeof resource.UpdateReplacePolicy === 'string' ? { UpdateReplacePolicy: resource.UpdateReplacePolicy } : {}),
  };
}
