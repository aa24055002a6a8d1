import common from "./common.json";
import create from "./create.json";
import entry from "./entry.json";
import failures from "./failures.json";
import shell from "./shell.json";

export default { common, create, entry, failures, shell };
