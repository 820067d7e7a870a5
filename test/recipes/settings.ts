/** Dotenv files as people have them while they work: settings, names of users, passwords that are no secret to anybody, and one that is. */

const users = ["postgres", "alice", "app", "shop", "admin", "root", "dev", "jan-erik", "web_user", "deploy"];
const passwords = ["postgres", "password", "secret", "changeme", "test", "admin", "development", "root", "example", "local"];
const hosts = ["localhost", "127.0.0.1", "db", "postgres", "redis.internal", "host.docker.internal"];
const regions = ["us-east-1", "eu-central-1", "ap-southeast-2", "eu-west-3"];
const ports = ["3000", "5432", "8080", "5173", "8000", "6379"];
const levels = ["info", "debug", "warn", "error", "trace"];
const modes = ["development", "test", "production", "staging"];

/** Never a value that a log could hold by chance. */
export const realSecret = "sk_live_Zq81kdPw93mxVbT4yLs7RtQe";

/** The one of number `round`; 100 of them differ. */
export function ordinary(round: number): Record<string, string> {
  const pick = (list: readonly string[], step: number): string =>
    list[(round * step + Math.floor(round / list.length)) % list.length] ?? "";
  const user = pick(users, 1);
  // two of three have a password that is their name; from eight letters on import takes the name out with it, and the mask hides both
  const password = round % 3 === 0 || user.length >= 8 ? pick(passwords, 3) : user;
  const [host, port] = [pick(hosts, 1), pick(ports, 1)];
  return {
    HOST: `localhost:${port}`,
    PORT: port,
    AWS_REGION: pick(regions, 1),
    APP_ENV: pick(modes, 1),
    APP_SECRET: pick(modes, 1),
    LOG_LEVEL: pick(levels, 1),
    POSTGRES_USER: "postgres",
    POSTGRES_PASSWORD: "postgres",
    DB_USER: user,
    DB_NAME: user,
    DB_PASSWORD: password,
    DATABASE_URL: `postgres://${user}:${password}@${host}:5432/${user}_development`,
    REDIS_URL: `redis://${host}:6379/0`,
    ADMIN_TOKEN: pick(passwords, 7),
    SESSION_SECRET: pick(passwords, 1),
    JWT_SECRET: "secret",
    API_KEY: "test",
    PIN: "1234",
    STRIPE_SECRET_KEY: realSecret,
  };
}

export function dotenvText(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
