import { canonicalJson } from '../spec/canonical.ts';
import { type EditValue, editSpec } from './output.ts';

/** Annotations below it are hublet's own: what a verb asked for at some moment. */
const OWN = 'hublet/';

interface Written {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | null };
  readonly spec?: { readonly suspend?: EditValue } | null;
}

/** A spec (JSON) without what `restart`, `suspend` and `resume` write: equal where two specs describe the same server. */
export function essenceOf(canonical: string): string {
  const { metadata = {}, spec, ...rest } = JSON.parse(canonical) as Written;
  const { annotations, ...otherMetadata } = metadata;
  const { suspend: _suspend, ...fields } = spec ?? {};
  const others = Object.entries(annotations ?? {}).filter(([key]) => !key.startsWith(OWN));
  return canonicalJson({
    ...rest,
    metadata: { ...otherMetadata, annotations: Object.fromEntries(others) },
    spec: fields,
  });
}

/**
 * A text with the wishes of another spec: its annotations of hublet's own and its suspension; all else stays as written.
 *
 * So going back to an old text neither restarts a server again, nor forgets a restart, nor wakes or stops it.
 */
export function keepWishes(text: string, canonical: string, present: string): string {
  const [old, now] = [JSON.parse(canonical) as Written, JSON.parse(present) as Written];
  const [oldNotes, notes] = [old.metadata?.annotations ?? {}, now.metadata?.annotations ?? {}];
  const keys = [...new Set([...Object.keys(oldNotes), ...Object.keys(notes)])].filter((key) => key.startsWith(OWN));
  let kept = text;
  for (const key of keys) {
    if (oldNotes[key] !== notes[key]) kept = editSpec(kept, ['metadata', 'annotations', key], notes[key]);
  }
  const [oldSuspend, suspend] = [old.spec?.suspend, now.spec?.suspend];
  if (canonicalJson(oldSuspend ?? null) === canonicalJson(suspend ?? null)) return kept;
  return editSpec(kept, ['spec', 'suspend'], suspend);
}
