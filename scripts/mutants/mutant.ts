/** `from` stands in `file` exactly once and becomes `to`; `test` must find it. */
export type Mutant = { file: string; from: string; to: string; test: string };

export type Mutants = Readonly<Record<string, Mutant>>;
