import { expand } from '../spec/templates.ts';
import type { ServerSpec } from '../spec/types.ts';
import type { Account, DynamicAccount, Group } from './types.ts';

/** Who a server runs as: what a spec's user and groups came to. */
export interface RunsAs {
  readonly account: Account | DynamicAccount;
  /** Absent: the account's own. */
  readonly group?: Group;
  /** In the spec's order. */
  readonly supplementaryGroups: readonly Group[];
}

/** The account that a spec asks for, by name or number: the only template that is known before it is `{NAME}`, and the schema refuses others. */
export function accountName(spec: ServerSpec): string {
  return expand(spec.user, { NAME: spec.name });
}

/** The groups that a spec asks for, by name or number. @param user name of the account. @throws {TemplateError} another template than `{NAME}` and `{USER}` */
export function groupNames(
  spec: ServerSpec,
  user: string,
): { readonly group: string | undefined; readonly supplementary: readonly string[] } {
  const values = { NAME: spec.name, USER: user };
  return {
    group: spec.group === undefined ? undefined : expand(spec.group, values),
    supplementary: spec.supplementaryGroups.map((group) => expand(group, values)),
  };
}
