import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("policy.txt");
