/** A statechart as a Mermaid diagram, which forges draw, and as a table. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { actionNames, innermost, pathOf, type Transition, transitionsOf } from './transitions.ts';

/**
 * A `stateDiagram-v2`. Rules of a group of states, or of all of them, start at a box that stands for any of these; an
 * arrow from a state to itself stays there.
 *
 * Flat: Mermaid draws no arrows between states of different groups.
 * @see Mermaid's documentation, "State diagrams"
 */
export function renderDiagram(machine: AnyStateMachine): string {
  const transitions = transitionsOf(machine.root);
  const groups = groupsOf(machine.root).filter((node) => transitions.some(({ from }) => from === pathOf(node)));
  const leaves = leavesOf(machine.root);
  const lines = [
    'stateDiagram-v2',
    ...leaves.flatMap(stateLines),
    ...groups.map(
      (node) => `state "any ${node.path.length === 0 ? 'state' : `of ${pathOf(node)}`}" as ${groupId(node)}`,
    ),
    `[*] --> ${stateId(pathOf(innermost(machine.root)))}`,
    ...arrows(transitions, new Map(groups.map((node) => [pathOf(node), groupId(node)]))),
    ...leaves.filter(({ type }) => type === 'final').map((node) => `${stateId(pathOf(node))} --> [*]`),
  ];
  return ['```mermaid', lines.join('\n    '), '```'].join('\n');
}

/** Every rule with its guards and actions, as a Markdown table; the number is the one of the diagram. */
export function renderTable(machine: AnyStateMachine): string {
  const rows = transitionsOf(machine.root).map(({ from, to, cause, guard, actions }, index) => {
    const cells = [index + 1, from || 'any', cause || 'at once', guard, to ?? 'stays', actions.join(', ')];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| | in | on | where | to | does |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

/** One arrow for all rules between the same two boxes, each with its number in the table. */
function arrows(transitions: readonly Transition[], groups: ReadonlyMap<string, string>): readonly string[] {
  const labels = new Map<string, string[]>();
  for (const [index, { from, to, cause, guard }] of transitions.entries()) {
    const source = groups.get(from) ?? stateId(from);
    const arrow = `${source} --> ${to === undefined ? source : stateId(to)}`;
    const words = [cause, guard === '' ? '' : `[${guard}]`].filter((word) => word !== '').join(' ');
    labels.set(arrow, [...(labels.get(arrow) ?? []), `${index + 1} ${words || 'else'}`]);
  }
  return [...labels].map(([arrow, words]) => `${arrow} : ${words.join('<br/>')}`);
}

function stateLines(node: AnyStateNode): readonly string[] {
  const id = stateId(pathOf(node));
  const works = [
    ...node.invoke.map(({ id: name }: { readonly id: string }) => `runs ${name}`),
    ...actionNames(node.entry).map((action) => `on entry ${action}`),
  ];
  return [`state "${pathOf(node)}" as ${id}`, ...works.map((work) => `${id} : ${work}`)];
}

function leavesOf(node: AnyStateNode): readonly AnyStateNode[] {
  const inner = Object.values(node.states as Record<string, AnyStateNode>);
  return inner.length === 0 ? [node] : inner.flatMap(leavesOf);
}

function groupsOf(node: AnyStateNode): readonly AnyStateNode[] {
  const inner = Object.values(node.states as Record<string, AnyStateNode>);
  return inner.length === 0 ? [] : [node, ...inner.flatMap(groupsOf)];
}

function stateId(path: string): string {
  return path.replaceAll('.', '_');
}

function groupId({ path }: AnyStateNode): string {
  return ['any', ...path].join('_');
}
