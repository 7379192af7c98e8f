/**
 * Writes the files that are made from tables in the source. `--check`: writes nothing and fails where one is stale.
 *
 * Another generated file is another line in OUTPUTS.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type JsonSchemaNode, typeWords } from '../src/cli/jsonSchemaNode.ts';
import { renderCliReference } from '../src/cli/reference.ts';
import { configSchema } from '../src/config/schema.ts';
import { renderCatalogueDocs } from '../src/metrics/catalogueDocs.ts';
import { type DescribedField, type ReferenceColumn, renderFieldReference } from '../src/spec/fieldReference.ts';
import { renderServerJsonSchema } from '../src/spec/jsonSchema.ts';
import { serverSchema } from '../src/spec/schema.ts';
import { effectOfField, neededSystemd, settingsOfField } from '../src/units/fieldFacts.ts';
import type { Setting } from '../src/units/table.ts';
import { renderMachines } from './statechart/page.ts';

interface Output {
  /** Below the project's root. */
  readonly path: string;
  /** The file's whole text; the same source gives the same text. */
  render(): string;
}

const TYPE: ReferenceColumn = {
  title: 'type',
  cell: ({ jsonSchema }) => typeWords(jsonSchema as JsonSchemaNode),
};

/** What of systemd a field of a spec becomes, and what follows from that. */
const SYSTEMD: readonly ReferenceColumn[] = [
  {
    title: 'systemd',
    cell: (field) =>
      settingsOf(field)
        .map(({ name }) => `\`${name}=\``)
        .join(' '),
  },
  { title: 'a change takes effect', cell: ({ path, description }) => effectOfField(path, description) ?? '' },
  { title: 'since', cell: (field) => String(neededSystemd(settingsOf(field)) ?? '') },
];

const OUTPUTS: readonly Output[] = [
  { path: 'desired-state/schema/server.schema.json', render: renderServerJsonSchema },
  { path: 'docs/reference/cli.md', render: renderCliReference },
  {
    path: 'docs/reference/fields.md',
    render: () =>
      renderFieldReference({
        title: 'Fields of a server spec',
        lead: 'A change takes effect live: set on the running unit, its processes untouched; at once: followed by hublet alone; restart: shown as UpdatePending until the next start (`hublet restart NAME`). Since: the first systemd that has it, where not every one that hublet runs with does. Texts may use {NAME} {USER} {UID} {GID} {HOME} {PORT} {POOL} {UNIT}, and {RUNTIME_DIR} {STATE_DIR}, directories of its own that are made where a spec speaks of them; {{NAME}} is the text {NAME}, and any other text in braces stays as it is.',
        schema: serverSchema,
        columns: [TYPE, ...SYSTEMD],
      }),
  },
  {
    path: 'docs/reference/config.md',
    render: () =>
      renderFieldReference({
        title: 'Configuration',
        lead: '`hublet.yaml`, then `hublet.d/*.yaml` merged in the order of their names: maps are merged, lists replaced. All fields may be left out. Read at the start, again when a file changes, and on SIGHUP (`systemctl reload hublet`): a bad configuration leaves the last good one in force (condition ConfigReady of the host), at the first start it ends with 78. `metrics.listen` and `sources[].owner` take effect at the next start, all else at once.',
        schema: configSchema,
        columns: [TYPE],
      }),
  },
  { path: 'docs/reference/machines.md', render: renderMachines },
  { path: 'metrics/catalogue.md', render: renderCatalogueDocs },
];

const root = join(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');
const stale = OUTPUTS.filter((output) => textOf(output.path) !== output.render());

if (isCheck) {
  for (const { path } of stale) console.error(`${path} is stale: run \`npm run gen\` and commit it`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const { path, render } of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), render());
    console.log(`wrote ${path}`);
  }
}

function settingsOf({ path, description }: DescribedField): readonly Setting[] {
  return settingsOfField(path, description);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
