import type { Deployment, Fields, ManagedFields } from './objects.ts';

/** Under which name Cadenza's fields are known to the API server. */
export const fieldManager = 'cadenza';

/** Components of the cluster itself; what they set is theirs. */
const isController = ({ manager }: ManagedFields): boolean => /^kube-|-controller(-manager)?$/.test(manager);

const isOurs = (m: ManagedFields): boolean => m.manager === fieldManager && m.operation === 'Apply';

/**
 * The `managedFields` to write before an apply, or nothing when they may stay. Fields of an object another client made
 * (XTM Composer) belong to that client, and an apply could never take one away; and what was once written here by other
 * means than an apply counts as another's. Both become fields of Cadenza's applies. Once that is done, what people edit
 * by hand stays theirs.
 */
export function takeOver(deployment: Deployment): readonly ManagedFields[] | undefined {
  const all = deployment.metadata.managedFields ?? [];
  const ours = all.find(isOurs);
  const taken = all.filter(
    (m) =>
      m.subresource === undefined &&
      m.operation === 'Update' &&
      !isController(m) &&
      (ours === undefined || m.manager === fieldManager),
  );
  if (taken.length === 0) return undefined;
  const union = [...(ours === undefined ? [] : [ours]), ...taken].reduce<Fields>(
    (sum, m) => unite(sum, m.fieldsV1 ?? {}),
    {},
  );
  const newest =
    [...taken, ...(ours === undefined ? [] : [ours])]
      .map((m) => m.time ?? '')
      .toSorted()
      .at(-1) ?? '';
  return [
    ...all.filter((m) => m !== ours && !taken.includes(m)),
    {
      manager: fieldManager,
      operation: 'Apply',
      apiVersion: 'apps/v1',
      ...(newest === '' ? {} : { time: newest }),
      fieldsType: 'FieldsV1',
      fieldsV1: union,
    },
  ];
}

function unite(a: Fields, b: Fields): Fields {
  const out: Record<string, Fields> = { ...a };
  for (const [key, fields] of Object.entries(b)) out[key] = out[key] === undefined ? fields : unite(out[key], fields);
  return out;
}
