import { type Connection, isGrpcServiceError } from '@temporalio/client';

/** gRPC status codes, as the server answers them. */
const alreadyExists = 6;

/** Temporal's `IndexedValueType`. */
const keyword = 2;
const bool = 5;

const searchAttributes = {
  CadenzaPlatform: keyword,
  CadenzaPhase: keyword,
  CadenzaRuntime: keyword,
  CadenzaImage: keyword,
  CadenzaLooping: bool,
} as const;

/** Registers the search attributes that are missing in the namespace; those that exist are left as they are. */
export async function ensureSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(searchAttributes).filter(([name]) => !(name in (customAttributes ?? {})));
  for (const [name, type] of missing) {
    try {
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: { [name]: type } });
    } catch (error) {
      if (!isGrpcServiceError(error) || Number(error.code) !== alreadyExists) throw error;
    }
  }
}
