/** Validation rules the platform adds to GraphQL's own: how often a root field may occur, and how deep a query may go. */
import { type ASTVisitor, GraphQLError, Kind, type SelectionSetNode, type ValidationContext } from 'graphql';

const allowed = { query: 2, mutation: 1, subscription: 1 } as const;
const rootType = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;
const maxDepth = 20;
export const maxTokens = 2000;

/** Visits every field below a selection, fragments included; `trail` keeps a fragment cycle from running for ever. */
function walk(
  context: ValidationContext,
  set: SelectionSetNode,
  depth: number,
  visit: (field: string, depth: number) => void,
  trail: readonly string[] = [],
): void {
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) {
      visit(selection.name.value, depth);
      if (selection.selectionSet !== undefined) walk(context, selection.selectionSet, depth + 1, visit, trail);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) walk(context, selection.selectionSet, depth, visit, trail);
    else {
      const name = selection.name.value;
      const fragment = trail.includes(name) ? undefined : context.getFragment(name);
      if (fragment) walk(context, fragment.selectionSet, depth, visit, [...trail, name]);
    }
  }
}

/** Aliases do not help: the same Query field at most twice, the same Mutation field at most once in one operation. */
export const aliasRule = (context: ValidationContext): ASTVisitor => ({
  OperationDefinition(node) {
    const counts = new Map<string, number>();
    walk(context, node.selectionSet, 1, (field, depth) => {
      if (depth === 1) counts.set(field, (counts.get(field) ?? 0) + 1);
    });
    const max = allowed[node.operation];
    for (const [field, count] of counts)
      if (count > max)
        context.reportError(
          new GraphQLError(
            `Allowed number of calls for '${rootType[node.operation]}->${field}' has been exceeded (max: ${max})`,
            { nodes: node },
          ),
        );
  },
});

export const depthRule = (context: ValidationContext): ASTVisitor => ({
  OperationDefinition(node) {
    let deepest = 0;
    walk(context, node.selectionSet, 1, (_field, depth) => {
      deepest = Math.max(deepest, depth);
    });
    if (deepest > maxDepth)
      context.reportError(
        new GraphQLError(`Syntax Error: Query depth limit of ${maxDepth} exceeded, found ${deepest}.`, { nodes: node }),
      );
  },
});
