import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("shares.txt");
