import { transcriptTest } from "../helpers/transcript-test.ts";

transcriptTest("service.txt");
