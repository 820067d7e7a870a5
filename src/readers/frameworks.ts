/** Programs that read dotenv files by themselves, and in which mode. All of them let variables win that are set already. */

export type Framework = {
  /** `mode`: read `.env.MODE` too; undefined: only `.env` and `.env.local`, or less */
  mode?: (words: readonly string[]) => string | undefined;
  /** only these sub-commands read it; undefined: all */
  only?: RegExp;
  /** it sets NODE_ENV before it reads the files, so that a line there has no effect; in the environment it would have one */
  setsNodeEnv?: true;
};

function optionOf(words: readonly string[], name: string): string | undefined {
  const at = words.findIndex((word) => word === name || word.startsWith(`${name}=`));
  const word = words[at];
  if (word === undefined) return undefined;
  return word.includes("=") ? word.slice(word.indexOf("=") + 1) : words[at + 1];
}

/** development while one works on it, production for what is shipped */
const byCommand =
  (production: RegExp, test = /^test$/) =>
  (words: readonly string[]): string => {
    const command = words.slice(1).find((word) => !word.startsWith("-")) ?? "";
    return optionOf(words, "--mode") ?? (production.test(command) ? "production" : test.test(command) ? "test" : "development");
  };

const vite: Framework = { mode: byCommand(/^(build|preview)$/) };

export const frameworks: Readonly<Record<string, Framework>> = {
  next: { mode: byCommand(/^(build|start|export)$/), setsNodeEnv: true },
  vite,
  vitest: { mode: () => "test" },
  astro: vite,
  "vue-cli-service": vite,
  "vite-node": vite,
  svelte: vite,
  nuxt: {},
  nuxi: {},
  remix: {},
  "remix-serve": {},
  "react-router": {},
  "react-scripts": { mode: byCommand(/^build$/), setsNodeEnv: true },
  craco: { mode: byCommand(/^build$/), setsNodeEnv: true },
  gatsby: { mode: byCommand(/^(build|serve)$/) },
  expo: { mode: byCommand(/^export/) },
  nest: {},
  bun: {},
  prisma: {},
  "drizzle-kit": {},
  wrangler: { only: /^(dev|pages)$/ },
  serverless: {},
  netlify: { only: /^dev$/ },
  foreman: { only: /^(start|run)$/ },
  nf: { only: /^(start|run)$/ },
  honcho: { only: /^(start|run)$/ },
  overmind: { only: /^(s|start)$/ },
  flask: {},
  pipenv: { only: /^(run|shell)$/ },
  "docker-compose": {},
};
