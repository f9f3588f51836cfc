import type { ModelInfo } from '@anthropic-ai/sdk/resources/models';
import type { CatalogueModel } from './catalogue.ts';
import type { Route } from './routing.ts';
import { catalogue, modelNamed } from './catalogue.ts';
import { notFound } from './errors.ts';
import { listOf, wordOf } from './fields.ts';
import { pageById } from './paging.ts';
import { json } from './routing.ts';

/** The Models API: the cheapest proof that a key works, and of the workspace that it works in (response headers). */
export function modelRoutes(): Route[] {
  return [
    { method: 'GET', path: '/v1/models', access: 'inference', answer: ({ query }) => json(listModels(query)) },
    {
      method: 'GET',
      path: '/v1/models/{model_id}',
      access: 'inference',
      answer: ({ path }) => {
        const id = path['model_id'] ?? '';
        const model = modelNamed(id);
        if (model === undefined) throw notFound(`model: ${id}`);
        return json(shownModel(model));
      },
    },
  ];
}

function listModels(query: URLSearchParams): object {
  const lifecycles = listOf(query, 'lifecycle').map((word) => wordOf(word, 'lifecycle', ['active', 'deprecated', 'retired'] as const));
  const wanted: readonly string[] = lifecycles.length === 0 ? ['active', 'deprecated'] : lifecycles;
  return pageById(
    catalogue.filter((model) => wanted.includes(model.lifecycle)).map(shownModel),
    catalogue.map((model) => model.id),
    query,
  );
}

function shownModel(model: CatalogueModel): ModelInfo {
  return {
    type: 'model',
    id: model.id,
    display_name: model.displayName,
    // The API shows an epoch value where the release date is unknown.
    created_at: '1970-01-01T00:00:00Z',
    capabilities: null,
    deprecated_at: model.lifecycle === 'deprecated' ? '2026-05-30T00:00:00Z' : null,
    lifecycle: model.lifecycle,
    line: model.line,
    max_input_tokens: model.maxInputTokens,
    max_tokens: model.maxTokens,
    retires_at: model.retiresAt,
  };
}
