/** Made-up tokens of every provider, put together at run time: no literal of one stands in the repository. Not secret anywhere. */
const alnum = "aB3dE6gH1jK4mN7pQ0rS2tU5vW8xY9zC";
const hex = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";

export function chars(length: number): string {
  return alnum.repeat(Math.ceil(length / alnum.length)).slice(0, length);
}

export function hexes(length: number): string {
  return hex.repeat(Math.ceil(length / hex.length)).slice(0, length);
}

const b64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const dash = "-".repeat(5);

/** [rule, token, what a hit covers if it is not the whole token] */
export const tokens: readonly (readonly [string, string, string?])[] = [
  ["stripe-key", ["sk", "live", chars(24)].join("_")],
  ["stripe-key", ["rk", "live", chars(24)].join("_")],
  ["stripe-key", ["sk", "test", chars(99)].join("_")],
  ["stripe-webhook-secret", ["whsec", chars(32)].join("_")],
  ["aws-access-key-id", ["AK", "IA", "Q3EGR7TZ5WXLK2PM"].join("")],
  ["aws-secret-access-key", `aws_secret_access_key = ${chars(20)}/+${chars(18)}`, `${chars(20)}/+${chars(18)}`],
  ["github-token", ["ghp", chars(36)].join("_")],
  ["github-token", ["github", "pat", chars(22), chars(59)].join("_")],
  ["gitlab-token", ["glpat", chars(20)].join("-")],
  ["slack-token", ["xoxb", "1234567890", "1234567890123", chars(24)].join("-")],
  ["slack-app-token", ["xapp", "1", "A0B1C2D3", "1234567890", hexes(64)].join("-")],
  ["slack-webhook", ["https://hooks.slack", "com/services/T0AB1/B0CD2/"].join(".") + chars(24), `T0AB1/B0CD2/${chars(24)}`],
  ["npm-token", ["npm", chars(36)].join("_")],
  ["google-api-key", ["AI", "za", chars(35)].join("")],
  ["sendgrid-key", ["SG", chars(22), chars(43)].join(".")],
  ["twilio-key", ["S", "K", hexes(32)].join("")],
  ["openai-key", ["sk", "proj", chars(48)].join("-")],
  ["openai-key", ["sk", chars(48)].join("-")],
  ["anthropic-key", ["sk", "ant", "api03", chars(40)].join("-")],
  ["resend-key", ["re", chars(8), chars(24)].join("_")],
  ["digitalocean-token", ["dop", "v1", hexes(64)].join("_")],
  ["supabase-key", ["sbp", hexes(40)].join("_")],
  ["supabase-key", ["sb", "secret", chars(31)].join("_")],
  ["vercel-token", ["vercel", "blob", "rw", chars(40)].join("_")],
  ["cloudflare-token", ["v1.0", hexes(24), hexes(146)].join("-")],
  ["mailchimp-key", [hexes(32), "us21"].join("-")],
  ["telegram-token", ["123456789", `AA${chars(33)}`].join(":")],
  ["terraform-token", [chars(14), "atlasv1", chars(64)].join(".")],
  ["doppler-token", ["dp", "pt", chars(43)].join(".")],
  ["huggingface-token", ["hf", chars(34)].join("_")],
  ["shopify-token", ["shpat", hexes(32)].join("_")],
  ["vault-token", ["hvs", chars(90)].join(".")],
  ["jwt", [b64url({ alg: "HS256", typ: "JWT" }), b64url({ sub: "1" }), chars(43)].join(".")],
  ["age-secret-key", ["AGE", "SECRET", "KEY", `1${"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".repeat(2).slice(0, 58)}`].join("-")],
  ["url-password", "postgres://app:pa55w0rd@db.internal:5432/shop", "pa55w0rd"],
  ["url-password", `redis://:${chars(12)}@cache:6379/0`, chars(12)],
  ["authorization", `Bearer ${chars(40)}`, chars(40)],
  ["private-key", `${dash}BEGIN EC PRIVATE KEY${dash}\n${chars(64)}\n${chars(20)}\n${dash}END EC PRIVATE KEY${dash}`],
  ["private-key", `${dash}BEGIN PRIVATE KEY${dash}\\n${chars(64)}\\n${dash}END PRIVATE KEY${dash}`],
  ["secret-assignment", "smtp_password: tr0ub4dor&3", "tr0ub4dor&3"],
  ["random-text", chars(32)],
  ["random-text", hexes(40)],
];
