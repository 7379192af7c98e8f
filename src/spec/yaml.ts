/** The YAML library, for the two who need it: document.ts reads specs, cli/output.ts prints and edits their text. Nobody else imports it. */
export {
  Composer,
  type CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  parseDocument,
  stringify,
  type YAMLMap,
} from 'yaml';
