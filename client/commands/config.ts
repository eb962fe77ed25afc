import { Command } from 'commander';
import type { Session } from '../io.ts';
export const configCommand = (_s: Session): Command => new Command('config');
