import { permanent, Problem } from '../model/errors.ts';
import type { PlatformClient } from '../platforms/platform.ts';

/**
 * This manager's standing with one platform: `version`, then `register`, and only then listing and acting. A refusal
 * (another manager, missing right, bad token) is explained once and tried again every five minutes, not in a storm.
 */
export interface Registration {
  /** Returns when registered; throws the standing refusal without asking again until its time has come. */
  ensure(signal: AbortSignal): Promise<void>;
  /** Pings; registers again when the platform forgot this manager or runs another version. */
  ping(signal: AbortSignal): Promise<void>;
  /**
   * Registers again because the platform said it does not know this manager. Where registering replaces another manager
   * silently, the second time in a short while means that the two do so in turn: `ManagerConflict`. `asked` is when the
   * request began that was told so (epoch ms): what was asked before the last registration says nothing about it.
   */
  again(asked: number, signal: AbortSignal): Promise<void>;
  /** The refusal in force, if any: then nothing is done on this platform but looking. */
  refusal(): Problem | undefined;
  version(): string | undefined;
}

const refusalLasts = 5 * 60_000;
/** Lost again this soon after it was won back (ms): somebody else takes it. */
const quarrel = 10 * 60_000;

export function registration(client: PlatformClient, now: () => number, changed: (text: string) => void): Registration {
  let version: string | undefined;
  let refused: { readonly problem: Problem; readonly until: number } | undefined;
  let underway: Promise<void> | undefined;
  let wonBack: number | undefined;

  const register = async (signal: AbortSignal): Promise<void> => {
    try {
      await client.version(signal);
      const seen = await client.register(signal);
      if (version !== seen) changed(`registered with ${client.platform} ${seen}`);
      version = seen;
      refused = undefined;
    } catch (error) {
      if (error instanceof Problem && error.kind === 'permanent') {
        if (refused?.problem.message !== error.message) changed(`${client.platform}: ${error.message}`);
        refused = { problem: error, until: now() + refusalLasts };
      }
      throw error;
    }
  };
  const once = (signal: AbortSignal): Promise<void> => {
    underway ??= register(signal).finally(() => {
      underway = undefined;
    });
    return underway;
  };

  return {
    async ensure(signal) {
      if (refused !== undefined && now() < refused.until) throw refused.problem;
      const contested = refused?.problem.type === 'ManagerConflict';
      if (version === undefined || refused !== undefined) await once(signal);
      if (contested) wonBack = now();
    },
    async ping(signal) {
      if (refused !== undefined || version === undefined) {
        await this.ensure(signal);
        return;
      }
      const asked = now();
      try {
        const seen = await client.ping(signal);
        if (seen !== version) {
          changed(`${client.platform} went from version ${version} to ${seen}; registering again`);
          await once(signal);
        }
      } catch (error) {
        if (!(error instanceof Problem) || error.type !== 'Gone') throw error;
        await this.again(asked, signal);
        await client.ping(signal);
      }
    },
    async again(asked, signal) {
      if (wonBack !== undefined && asked <= wonBack) return;
      if (client.registration === 'overwrites' && wonBack !== undefined && asked - wonBack < quarrel) {
        const problem = permanent(
          'ManagerConflict',
          `another manager registers with ${client.platform} in turn with this one; only one can manage it: stop the other, for instance XTM Composer, or disable ${client.platform} here`,
        );
        changed(`${client.platform}: ${problem.message}`);
        refused = { problem, until: now() + refusalLasts };
        throw problem;
      }
      changed(`${client.platform} no longer knows this manager; registering again`);
      await once(signal);
      wonBack = now();
    },
    refusal: () => (refused?.problem.type === 'ManagerConflict' ? refused.problem : undefined),
    version: () => version,
  };
}
