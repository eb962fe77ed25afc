import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import type { Phase } from '../../model/phase.ts';
import type { ConnectorMemo } from '../messages.ts';

/** The search attributes people filter by; registered by the worker at start. */
export const attributes = {
  platform: defineSearchAttributeKey('CadenzaPlatform', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('CadenzaPhase', SearchAttributeType.KEYWORD),
  runtime: defineSearchAttributeKey('CadenzaRuntime', SearchAttributeType.KEYWORD),
  image: defineSearchAttributeKey('CadenzaImage', SearchAttributeType.KEYWORD),
  looping: defineSearchAttributeKey('CadenzaLooping', SearchAttributeType.BOOL),
} as const;

/** What others see of the workflow without asking it. Writes only what changed: each write is an event. */
export function display() {
  let memo = '';
  let attrs = '';
  return (next: ConnectorMemo, looping: boolean, markdown: string): void => {
    setCurrentDetails(markdown);
    const { summary } = next;
    const wantedMemo = JSON.stringify(next);
    if (wantedMemo !== memo) {
      memo = wantedMemo;
      upsertMemo({ summary: next.summary, marks: next.marks });
    }
    const phase: Phase = summary.phase;
    const wantedAttrs = `${summary.platform} ${phase} ${summary.runtime} ${summary.image} ${looping}`;
    if (wantedAttrs !== attrs) {
      attrs = wantedAttrs;
      upsertSearchAttributes([
        { key: attributes.platform, value: summary.platform },
        { key: attributes.phase, value: phase },
        { key: attributes.runtime, value: summary.runtime },
        { key: attributes.image, value: summary.image.slice(0, 255) },
        { key: attributes.looping, value: looping },
      ]);
    }
  };
}
