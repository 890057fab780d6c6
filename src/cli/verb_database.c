/* database: where the data of a stopped server is kept. */
#include "cli/verbs.h"

#include "db/db.h"
#include "store/address.h"
#include "store/blobs.h"
#include "store/move.h"

#include <stdio.h>
#include <string.h>

static const struct cli_option move_options[] = {
    {"data-dir", 0, "PATH", "plimsoll-data", "folder of the server, which must not run"},
    {"quiet", 'q', NULL, NULL, "print nothing on success"},
    {.name = NULL},
};

static void say(void *arg, const char *table, uint64_t rows)
{
	(void)arg;
	if (rows)
		fprintf(stderr, "%s: %llu rows\n", table, (unsigned long long)rows);
}

static int move(struct store_move *m, struct err *e)
{
	struct blobs *blobs = blobs_open(m->data_dir, e); /* its lock is a server's */
	if (!blobs && e->code == ERR_CONFLICT)
		return err_set(e, ERR_CONFLICT, "%s: in use by a running server: stop it first",
			       m->data_dir);
	int r = blobs ? store_move(m, e) : -(int)e->code;
	if (blobs)
		blobs_close(blobs);
	return r;
}

static void tell(const struct store_move *m)
{
	char shown[STORE_ADDRESS_CAP];
	if (!m->to) {
		fprintf(stderr,
			"%s: %llu rows of %llu tables are in " STORE_FILE " now; remove the "
			"setting \"store\", then start the server. What is on the database server "
			"was left as it is.\n",
			m->data_dir, (unsigned long long)m->rows, (unsigned long long)m->tables);
		return;
	}
	store_address_show(m->to, shown);
	fprintf(stderr,
		"%s: %llu rows of %llu tables are at %s now, which the next start uses. The file "
		"is kept as " STORE_MOVED_FILE "; remove it when all is well.\n",
		m->data_dir, (unsigned long long)m->rows, (unsigned long long)m->tables, shown);
}

static int database_move(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct cli_args args;
	int r = cli_parse(move_options, argc, argv, &args, &e);
	if (r == 0 && args.operand_count != 1)
		r = err_set(&e, ERR_FORMAT, "give postgresql://USER@HOST/NAME, or \"file\"");
	if (r < 0)
		return cli_usage("database move", &e);
	const char *to = args.operands[0];
	struct store_move m = {.data_dir = cli_get(&args, "data-dir"),
			       .to = strcmp(to, "file") == 0 ? NULL : to};
	if (!cli_has(&args, "quiet"))
		m.say = say;
	if (move(&m, &e) < 0)
		return cli_fail("database move", &e);
	if (!cli_has(&args, "quiet"))
		tell(&m);
	return CLI_DONE;
}

const struct cli_command database_commands[] = {
    {.name = "move",
     .main = database_move,
     .synopsis = "postgresql://USER@HOST/NAME|file [--data-dir PATH]",
     .summary = "move the database of a stopped server to PostgreSQL, or back",
     .text =
	 "Copies all rows in one transaction and counts them again, then the data folder names "
	 "the new place. Blobs and keys stay in the folder. A database on a server must be new. "
	 "A move that was cut off is run again; until it has ended, everything is as it was, or "
	 "a start is refused with the reason.",
     .options = move_options},
    {.name = NULL},
};

int verb_database(int argc, char **argv)
{
	return cli_run_below(cli_find("database"), argc, argv);
}
