import type en from "../en/further";
import type { Same } from "../same";
import account from "./account.json";
import admin from "./admin.json";
import channels from "./channels.json";
import characters from "./characters.json";
import library from "./library.json";
import share from "./share.json";
import teams from "./teams.json";
import users from "./users.json";
import video from "./video.json";

const words: Same<typeof en> = { account, admin, channels, characters, library, share, teams, users, video };

export default words as typeof en;
