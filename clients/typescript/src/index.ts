/** The API of Atelier. See README.md. */
export { Atelier, newKey } from "./client.js";
export type { AtelierOptions, Input, Job, Kind, Paths, Receipt, Session } from "./client.js";
export type { FollowOptions, Reset, ServerEvent } from "./events.js";
export { pages } from "./pages.js";
export type { Page } from "./pages.js";
export { Problem, isProblem } from "./problems.js";
export type { ProblemDocument, ProblemMembers } from "./problems.js";
