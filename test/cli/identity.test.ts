import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("identity.txt");
