/** `POST /graphql`: parse, validate, execute, and answer 200 whatever came of it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type DocumentNode,
  execute,
  type ExecutionResult,
  GraphQLError,
  Kind,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import { spoil, spoilRecords, spoils, takeFault, wait } from './faults.ts';
import { HttpError, readJson, sendJson } from './http.ts';
import type { OperationFault } from './inputs.ts';
import { aliasRule, depthRule, maxTokens } from './limits.ts';
import { forbidden, unknownError } from './problems.ts';
import { type Context, rootValue } from './resolvers.ts';
import { userOf } from './rights.ts';
import { schemaWithout } from './schema.ts';
import type { World } from './world.ts';

/** The platform's own default for a request body: 50 MB. */
const bodyLimit = 50 * 1024 * 1024;

interface Request {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
}

function toRequest(body: unknown): Request {
  const { query, variables, operationName } = (body ?? {}) as Record<string, unknown>;
  if (typeof query !== 'string') throw new HttpError(400, 'the body holds no query');
  return {
    query,
    variables: (variables ?? {}) as Readonly<Record<string, unknown>>,
    operationName: typeof operationName === 'string' ? operationName : undefined,
  };
}

/** The same error, in the same place of the document and the reply, with these extensions. */
const extended = (
  error: GraphQLError,
  extensions: Readonly<Record<string, unknown>>,
  message = error.message,
): GraphQLError => {
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, { nodes: nodes ?? null, source, positions, path, extensions });
};
const coded = (error: GraphQLError, code: string): GraphQLError => extended(error, { code });

const rootFields = (document: DocumentNode): readonly string[] =>
  document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? definition.selectionSet.selections.flatMap((node) => (node.kind === Kind.FIELD ? [node.name.value] : []))
      : [],
  );

function asksSchema(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field: (node) => {
      found ||= node.name.value === '__schema' || node.name.value === '__type';
    },
  });
  return found;
}

/** Errors raised on purpose carry their code; what graphql itself refuses before execution is the caller's variables. */
function finish(error: GraphQLError, executed: boolean): GraphQLError {
  if (error.extensions['code'] !== undefined) return error;
  if (!executed) return coded(error, 'BAD_USER_INPUT');
  return error.originalError === undefined || error.originalError instanceof GraphQLError
    ? coded(error, 'INTERNAL_SERVER_ERROR')
    : extended(error, unknownError().extensions, unknownError().message);
}

async function run(context: Context, request: Request, document: DocumentNode): Promise<ExecutionResult> {
  const { world } = context;
  if (asksSchema(document)) return { errors: [forbidden('GraphQL introspection not authorized!')] };
  const schema = schemaWithout(world.faults.missingFeatures ?? []);
  const invalid = validate(schema, document, [...specifiedRules, aliasRule, depthRule]);
  if (invalid.length > 0) return { errors: invalid.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) };
  const result = await execute({
    schema,
    document,
    rootValue,
    contextValue: context,
    variableValues: request.variables,
    operationName: request.operationName,
  });
  if (result.errors === undefined) return result;
  return { ...result, errors: result.errors.map((error) => finish(error, 'data' in result)) };
}

export async function handleGraphql(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
): Promise<void> {
  const asked = toRequest(await readJson(request, bodyLimit));
  let document: DocumentNode | undefined;
  let outcome: ExecutionResult = {};
  try {
    document = parse(asked.query, { maxTokens });
  } catch (error) {
    outcome = { errors: [coded(error as GraphQLError, 'GRAPHQL_PARSE_FAILED')] };
  }
  const fault: OperationFault | undefined = takeFault(world, document === undefined ? [] : rootFields(document));
  if (fault?.delayMs !== undefined && !(await wait(fault.delayMs, closing))) return;
  if (fault !== undefined && spoils(fault) && fault.after !== true) return spoil(response, fault);
  if (document !== undefined) {
    const context: Context = { world, user: userOf(world, request), fault, shownIds: [] };
    outcome = await run(context, asked, document);
    spoilRecords(world, outcome.data, context.shownIds);
  }
  if (fault !== undefined && spoils(fault)) return spoil(response, fault);
  sendJson(response, 200, outcome);
}
