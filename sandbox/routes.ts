/** The control API over HTTP. Bodies and replies are JSON; errors are `{ "error": text }` with a fitting status. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GraphQLError } from 'graphql';
import { ZodError } from 'zod';
import { contracts } from './catalogue.ts';
import type { Control, FaultPatch } from './control.ts';
import { HttpError, readJson, sendJson } from './http.ts';
import { aevContracts } from './openaev/catalogue.ts';
import type { AevRules } from './openaev/state.ts';
import type { AddInput, EditInput, Rules, TokenInput } from './inputs.ts';

interface Call {
  readonly control: Control;
  /** What the pattern's `*` stood for. */
  readonly ref: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

type Route = readonly [method: string, pattern: string, run: (call: Call) => unknown];

const picked = (query: URLSearchParams, ...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : [])));

/** Inputs are checked by the methods themselves, hence the plain casts. */
const routes: readonly Route[] = [
  ['GET', 'connectors', ({ control }) => control.connectors()],
  ['POST', 'connectors', ({ control, body }) => control.add(body as AddInput)],
  ['GET', 'connectors/*', ({ control, ref }) => control.connector(ref)],
  ['PATCH', 'connectors/*', ({ control, ref, body }) => control.edit(ref, body as EditInput)],
  ['DELETE', 'connectors/*', ({ control, ref }) => control.remove(ref)],
  ['POST', 'connectors/*/start', ({ control, ref }) => control.start(ref)],
  ['POST', 'connectors/*/stop', ({ control, ref }) => control.stop(ref)],
  ['POST', 'connectors/*/reset', ({ control, ref }) => control.reset(ref)],
  ['GET', 'managers', ({ control }) => control.managers()],
  ['DELETE', 'managers', ({ control }) => control.forgetManagers()],
  ['GET', 'catalogue', () => contracts],
  ['GET', 'calls', ({ control, query }) => control.calls(picked(query, 'operation', 'connector'))],
  ['GET', 'statuses', ({ control, query }) => control.statusCalls(query.get('connector') ?? undefined)],
  ['GET', 'faults', ({ control }) => control.faults()],
  ['PUT', 'faults', ({ control, body }) => control.setFaults(body as FaultPatch)],
  ['DELETE', 'faults', ({ control }) => control.clearFaults()],
  ['GET', 'rules', ({ control }) => control.rules()],
  ['PUT', 'rules', ({ control, body }) => control.setRules(body as Partial<Rules>)],
  ['POST', 'upgrade', ({ control, body }) => control.upgrade((body as { version: string }).version)],
  ['POST', 'tokens', ({ control, body }) => ({ token: control.addToken(body as TokenInput) })],
  ['POST', 'tokens/rotate', ({ control }) => control.rotateTokens()],
  ['GET', 'clock', ({ control }) => control.clock()],
  ['POST', 'clock', ({ control, body }) => control.clock(body as { shiftMs?: number; advanceMs?: number })],
  ['GET', 'secrets', ({ control }) => control.secrets()],
  ['GET', 'openaev/connectors', ({ control }) => control.openaev.connectors()],
  ['POST', 'openaev/connectors', ({ control, body }) => control.openaev.add(body as AddInput)],
  ['GET', 'openaev/connectors/*', ({ control, ref }) => control.openaev.connector(ref)],
  ['PATCH', 'openaev/connectors/*', ({ control, ref, body }) => control.openaev.edit(ref, body as EditInput)],
  ['DELETE', 'openaev/connectors/*', ({ control, ref }) => control.openaev.remove(ref)],
  ['POST', 'openaev/connectors/*/start', ({ control, ref }) => control.openaev.start(ref)],
  ['POST', 'openaev/connectors/*/stop', ({ control, ref }) => control.openaev.stop(ref)],
  ['GET', 'openaev/managers', ({ control }) => control.openaev.managers()],
  ['DELETE', 'openaev/managers', ({ control }) => control.openaev.forgetManagers()],
  ['GET', 'openaev/catalogue', () => aevContracts],
  ['GET', 'openaev/faults', ({ control }) => control.openaev.faults()],
  ['PUT', 'openaev/faults', ({ control, body }) => control.openaev.setFaults(body as FaultPatch)],
  ['DELETE', 'openaev/faults', ({ control }) => control.openaev.clearFaults()],
  ['GET', 'openaev/rules', ({ control }) => control.openaev.rules()],
  ['PUT', 'openaev/rules', ({ control, body }) => control.openaev.setRules(body as Partial<AevRules>)],
];

function match(pattern: string, path: readonly string[]): string | undefined {
  const parts = pattern.split('/');
  if (parts.length !== path.length) return undefined;
  let ref = '';
  for (const [index, part] of parts.entries()) {
    if (part === '*') ref = path[index] ?? '';
    else if (part !== path[index]) return undefined;
  }
  return ref;
}

/** 1 MB is far more than any configuration. */
const bodyLimit = 1024 * 1024;

export async function handleControl(
  control: Control,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const path = url.pathname.split('/').slice(2).map(decodeURIComponent);
  for (const [method, pattern, run] of routes) {
    const ref = match(pattern, path);
    if (ref === undefined || method !== request.method) continue;
    const body = method === 'GET' || method === 'DELETE' ? {} : await readJson(request, bodyLimit);
    sendJson(response, 200, run({ control, ref, query: url.searchParams, body }) ?? { done: true });
    return;
  }
  throw new HttpError(404, `there is no ${request.method} ${url.pathname}`);
}

/** What went wrong, for a person. */
export function describe(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof HttpError) return { status: error.status, message: error.message };
  if (error instanceof ZodError) {
    const lines = error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
    return { status: 400, message: lines.join('; ') };
  }
  if (error instanceof GraphQLError) return { status: 409, message: error.message };
  if (error instanceof RangeError || error instanceof URIError) return { status: 400, message: error.message };
  return { status: 500, message: 'unexpected error' };
}
