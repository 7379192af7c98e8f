/** What the rest of the room, and other rooms, need of syntax/. */
export { INFINITY } from './syntax/amounts.ts';
export { PropertySyntaxError } from './syntax/error.ts';
