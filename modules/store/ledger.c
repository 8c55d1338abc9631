/* modules/store/ledger.c - see ledger.h. One transaction, one prepared statement a table, no
** journal: the file is made new and thrown away whole if anything fails. */
#include "store/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "corpus/query.h"

enum { BASE_COLUMNS = 12, MAX_COLUMNS = 1900, INTERRUPT_EVERY = 4096 };

typedef struct Ledger {
  const View *view;
  const LedgerOptions *o;
  const char *path;
  char *temp;
  sqlite3 *db;
  Scratch *scratch;
  Buf evidence, also;        /* of the row at hand */
  const double **metric;     /* [nmetrics] columns */
  const uint32_t **note;     /* [nannotations] columns */
  Error *err;
} Ledger;

/* ---- SQLite, with words ---- */

static int failed(Ledger *l) {
  return error_set(l->err, "cannot write %s: %s", l->path, l->db != NULL ? sqlite3_errmsg(l->db) : "not enough memory");
}

static int run(Ledger *l, const char *sql) {
  return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(l);
}

static sqlite3_stmt *prepare(Ledger *l, const char *sql) {
  sqlite3_stmt *s = NULL;
  if (sqlite3_prepare_v3(l->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) failed(l);
  return s;
}

/* The bound texts live until the step: no copies. NULL pointers stay NULL. */
static void bind_span(sqlite3_stmt *s, int at, Span text) {
  if (text.ptr != NULL) sqlite3_bind_text64(s, at, text.ptr, text.len, SQLITE_STATIC, SQLITE_UTF8);
}
static void bind_str(sqlite3_stmt *s, int at, const char *text) {
  if (text != NULL) sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

/* Inserts what is bound and clears it. */
static int step(Ledger *l, sqlite3_stmt *s) {
  int r = sqlite3_step(s);
  sqlite3_reset(s);
  sqlite3_clear_bindings(s);
  return r == SQLITE_DONE ? 0 : failed(l);
}

/* ---- the small tables ---- */

static const char SCHEMA[] =
  "CREATE TABLE sources(source INTEGER PRIMARY KEY, path TEXT, kind TEXT, generator TEXT, trusted INTEGER,"
  " format TEXT, sha256 TEXT, bytes INTEGER, rows INTEGER, blank INTEGER, attributes TEXT);"
  "CREATE TABLE outputs(output INTEGER PRIMARY KEY, name TEXT, rows INTEGER, bytes INTEGER, sha256 TEXT);"
  "CREATE TABLE marks(output INTEGER, line INTEGER, offset INTEGER, row INTEGER);"
  "CREATE TABLE stages(position INTEGER PRIMARY KEY, stage TEXT, name TEXT, params TEXT, seen INTEGER,"
  " removed INTEGER, seconds REAL, edited INTEGER);"
  "CREATE TABLE pairs(stage TEXT, a INTEGER, b INTEGER, value REAL);"
  "CREATE TABLE clusters(stage TEXT, cluster INTEGER, rows INTEGER, complete INTEGER, loosest REAL);"
  "CREATE TABLE members(stage TEXT, row INTEGER, cluster INTEGER);"
  "CREATE TABLE revived(stage TEXT, row INTEGER, twin INTEGER);"
  "CREATE TABLE edits(row INTEGER, stage TEXT, path TEXT, start INTEGER, raw_len INTEGER, spans TEXT);"
  "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);"
  "CREATE VIEW rows_named AS SELECT sources.path AS source_path, outputs.name AS output_name, rows.*"
  " FROM rows LEFT JOIN sources ON sources.source = rows.source LEFT JOIN outputs ON outputs.output = rows.output;";

static int attributes(Buf *b, const Source *s) {
  b->len = 0;
  int bad = buf_char(b, '{');
  for (size_t i = 0; bad == 0 && i < s->nattr; i++) {
    bad = i > 0 ? buf_char(b, ',') : 0;
    if (bad == 0) bad = json_out_string(b, span_str(s->attr[i].name));
    if (bad == 0) bad = buf_char(b, ':');
    if (bad == 0) bad = json_out_string(b, span_str(s->attr[i].value));
  }
  return bad != 0 ? bad : buf_char(b, '}');
}

static int write_sources(Ledger *l) {
  const Corpus *c = l->view->corpus;
  sqlite3_stmt *s = prepare(l, "INSERT INTO sources VALUES (?,?,?,?,?,?,?,?,?,?,?)");
  int bad = s == NULL ? -1 : 0;
  for (size_t i = 0; bad == 0 && i < c->nsources; i++) {
    const Source *src = &c->sources[i];
    if (attributes(&l->evidence, src) != 0) bad = error_memory(l->err);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)i + 1);
    bind_str(s, 2, src->path);
    bind_str(s, 3, src->kind);
    bind_str(s, 4, src->generator);
    sqlite3_bind_int(s, 5, src->trusted != 0);
    bind_str(s, 6, src->format);
    bind_str(s, 7, src->sha256[0] != '\0' ? src->sha256 : NULL);
    sqlite3_bind_int64(s, 8, (sqlite3_int64)src->file_bytes);
    sqlite3_bind_int64(s, 9, (sqlite3_int64)src->rows);
    sqlite3_bind_int64(s, 10, (sqlite3_int64)src->blank);
    bind_span(s, 11, buf_span(&l->evidence));
    if (bad == 0) bad = step(l, s);
  }
  sqlite3_finalize(s);
  return bad;
}

static int write_outputs(Ledger *l) {
  const ExportOutputs *all = l->o->outputs;
  sqlite3_stmt *s = prepare(l, "INSERT INTO outputs VALUES (?,?,?,?,?)");
  int bad = s == NULL ? -1 : 0;
  for (size_t i = 0; bad == 0 && all != NULL && i < all->n; i++) {
    sqlite3_bind_int64(s, 1, (sqlite3_int64)i + 1);
    bind_str(s, 2, all->output[i].name);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)all->output[i].rows);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)all->output[i].sum.bytes);
    bind_str(s, 5, all->output[i].sum.sha256);
    bad = step(l, s);
  }
  sqlite3_finalize(s);
  return bad;
}

/* In row order, and so for each output in order of its lines. */
static int write_marks(Ledger *l) {
  const ExportOutputs *all = l->o->outputs;
  if (all == NULL) return 0;
  sqlite3_stmt *s = prepare(l, "INSERT INTO marks VALUES (?,?,?,?)");
  int bad = s == NULL ? -1 : 0;
  for (uint32_t row = 0; bad == 0 && row < all->nrows; row++) {
    size_t before = all->line[row] > 0 ? all->line[row] - 1 : 0;
    if (all->place[row] == EXPORT_NOWHERE || before == 0 || before % FILE_MARK != 0) continue;
    const FileSum *sum = &all->output[all->place[row]].sum;
    if (before / FILE_MARK > sum->nmarks) continue;
    sqlite3_bind_int(s, 1, all->place[row] + 1);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)before + 1);
    sqlite3_bind_int64(s, 3, (sqlite3_int64)sum->mark[before / FILE_MARK - 1]);
    sqlite3_bind_int64(s, 4, (sqlite3_int64)row + 1);
    bad = step(l, s);
  }
  sqlite3_finalize(s);
  return bad;
}

static int write_stages(Ledger *l) {
  sqlite3_stmt *s = prepare(l, "INSERT INTO stages VALUES (?,?,?,?,?,?,?,?)");
  int bad = s == NULL ? -1 : 0;
  for (size_t i = 0; bad == 0 && i < l->o->nstages; i++) {
    const LedgerStage *stage = &l->o->stage[i];
    sqlite3_bind_int64(s, 1, (sqlite3_int64)i + 1);
    bind_str(s, 2, stage->stage);
    bind_str(s, 3, stage->name);
    bind_str(s, 4, stage->params);
    sqlite3_bind_int64(s, 5, stage->seen);
    sqlite3_bind_int64(s, 6, stage->removed);
    sqlite3_bind_double(s, 7, stage->seconds);
    sqlite3_bind_int64(s, 8, stage->edited);
    bad = step(l, s);
  }
  sqlite3_finalize(s);
  return bad;
}

static int write_meta(Ledger *l) {
  sqlite3_stmt *s = prepare(l, "INSERT INTO meta VALUES (?,?)");
  int bad = s == NULL ? -1 : 0;
  for (size_t i = 0; bad == 0 && i < l->o->nmeta; i++) {
    bind_str(s, 1, l->o->meta[i].key);
    bind_str(s, 2, l->o->meta[i].value);
    bad = step(l, s);
  }
  sqlite3_finalize(s);
  return bad;
}

static int write_revived(Ledger *l) {
  sqlite3_stmt *s = prepare(l, "INSERT INTO revived VALUES (?,?,?)");
  int bad = s == NULL ? -1 : 0;
  for (size_t k = 0; k < l->o->nrevived; k++) {
    const LedgerRevived *back = &l->o->revived[k];
    for (size_t i = 0; bad == 0 && i < back->n; i++) {
      bind_str(s, 1, back->stage);
      sqlite3_bind_int64(s, 2, (sqlite3_int64)back->row[i] + 1);
      sqlite3_bind_int64(s, 3, (sqlite3_int64)back->twin[i] + 1);
      bad = step(l, s);
    }
  }
  sqlite3_finalize(s);
  return bad;
}

typedef struct PairTables { sqlite3_stmt *pair, *cluster, *member; } PairTables;

static int write_clusters(Ledger *l, const PairLayer *p, const char *stage, const PairTables *t) {
  int bad = 0;
  for (size_t i = 0; bad == 0 && i < p->nclusters; i++) {
    const RowCluster *c = &p->cluster[i];
    bind_str(t->cluster, 1, stage);
    sqlite3_bind_int64(t->cluster, 2, (sqlite3_int64)c->row + 1);
    sqlite3_bind_int64(t->cluster, 3, c->rows);
    sqlite3_bind_int(t->cluster, 4, (int)c->complete);
    if (!isnan(c->loosest)) sqlite3_bind_double(t->cluster, 5, c->loosest);
    bad = step(l, t->cluster);
  }
  for (size_t i = 0; bad == 0 && i < p->nmembers; i++) {
    bind_str(t->member, 1, stage);
    sqlite3_bind_int64(t->member, 2, (sqlite3_int64)p->member[i].row + 1);
    sqlite3_bind_int64(t->member, 3, (sqlite3_int64)p->member[i].cluster + 1);
    bad = step(l, t->member);
    if (i % INTERRUPT_EVERY == 0 && interrupt_pending()) bad = POOL_INTERRUPTED;
  }
  return bad;
}

/* In order of stages, first to last; the layers hang together last to first. */
static int write_layer(Ledger *l, const PairLayer *p, const PairTables *t) {
  if (p == NULL) return 0;
  int bad = write_layer(l, p->before, t);   /* as deep as the recipe has stages that leave pairs */
  if (view_pairs(l->view, p->stage) != p) return bad;   /* a later one of the stage holds these too */
  const char *stage = corpus_stage_name(l->view->corpus, p->stage);
  for (size_t i = 0; bad == 0 && i < p->n; i++) {
    bind_str(t->pair, 1, stage);
    sqlite3_bind_int64(t->pair, 2, (sqlite3_int64)p->pair[i].a + 1);
    sqlite3_bind_int64(t->pair, 3, (sqlite3_int64)p->pair[i].b + 1);
    sqlite3_bind_double(t->pair, 4, p->pair[i].value);
    bad = step(l, t->pair);
    if (i % INTERRUPT_EVERY == 0 && interrupt_pending()) bad = POOL_INTERRUPTED;
  }
  return bad == 0 ? write_clusters(l, p, stage, t) : bad;
}

static int write_pairs(Ledger *l) {
  PairTables t = { prepare(l, "INSERT INTO pairs VALUES (?,?,?,?)"),
                   prepare(l, "INSERT INTO clusters VALUES (?,?,?,?,?)"),
                   prepare(l, "INSERT INTO members VALUES (?,?,?)") };
  int bad = t.pair == NULL || t.cluster == NULL || t.member == NULL ? -1 : write_layer(l, l->view->pairs, &t);
  sqlite3_finalize(t.pair);
  sqlite3_finalize(t.cluster);
  sqlite3_finalize(t.member);
  return bad;
}

/* ---- rows ---- */

/* SQLite takes names that differ in case for one: the later gets "#2" and so on behind it. */
static int twin_names(const ViewColumn *col, size_t at) {
  int n = 1;
  for (size_t i = 0; i < at; i++) n += strcasecmp(col[i].name, col[at].name) == 0;
  return n;
}

static int add_columns(Buf *sql, const ViewColumn *col, size_t n, const char *prefix, const char *type) {
  for (size_t i = 0; i < n; i++) {
    if (buf_printf(sql, ", \"%s", prefix) != 0) return -1;
    for (const char *p = col[i].name; *p != '\0'; p++)
      if ((*p == '"' && buf_char(sql, '"') != 0) || buf_char(sql, *p) != 0) return -1;
    int twins = twin_names(col, i);
    if (twins > 1 && buf_printf(sql, "#%d", twins) != 0) return -1;
    if (buf_printf(sql, "\"%s", type) != 0) return -1;
  }
  return 0;
}

static int create_rows(Ledger *l) {
  const View *v = l->view;
  Buf sql = { 0 };
  if (v->nmetrics + v->nannotations > MAX_COLUMNS)
    return error_set(l->err, "cannot write %s: %zu metrics and annotations are more than %d", l->path,
                     v->nmetrics + v->nannotations, MAX_COLUMNS);
  int bad = buf_str(&sql, "CREATE TABLE rows(row INTEGER PRIMARY KEY, source INTEGER, line INTEGER, identity BLOB, id TEXT,"
                          " status INTEGER, stage TEXT, reason TEXT, evidence TEXT, also TEXT, output INTEGER,"
                          " output_line INTEGER") != 0 ||
            add_columns(&sql, v->metric, v->nmetrics, "", " REAL") != 0 ||
            add_columns(&sql, v->annotation, v->nannotations, "@", "") != 0 || buf_add(&sql, ")", 2) != 0;
  bad = bad ? error_memory(l->err) : run(l, sql.ptr);
  buf_free(&sql);
  return bad;
}

static sqlite3_stmt *prepare_row(Ledger *l) {
  Buf sql = { 0 };
  size_t n = BASE_COLUMNS + l->view->nmetrics + l->view->nannotations;
  int bad = buf_str(&sql, "INSERT INTO rows VALUES (?");
  for (size_t i = 1; bad == 0 && i < n; i++) bad = buf_str(&sql, ",?");
  if (bad == 0) bad = buf_add(&sql, ")", 2);
  sqlite3_stmt *s = NULL;
  if (bad == 0) s = prepare(l, sql.ptr);
  else error_memory(l->err);
  buf_free(&sql);
  return s;
}

static int open_columns(Ledger *l) {
  const View *v = l->view;
  l->metric = calloc(v->nmetrics + 1, sizeof *l->metric);
  l->note = calloc(v->nannotations + 1, sizeof *l->note);
  l->scratch = scratch_new(0);
  if (l->metric == NULL || l->note == NULL || l->scratch == NULL) return error_memory(l->err);
  for (size_t i = 0; i < v->nmetrics; i++) l->metric[i] = view_metric(v, span_str(v->metric[i].name));
  for (size_t i = 0; i < v->nannotations; i++)
    l->note[i] = view_annotation_column(v, span_str(v->annotation[i].name));
  return 0;
}

static int bind_verdict(Ledger *l, sqlite3_stmt *s, const Verdict *d) {
  const Corpus *c = l->view->corpus;
  l->evidence.len = l->also.len = 0;
  if (verdict_evidence(l->view, d, &l->evidence) != 0) return error_memory(l->err);
  if (d->more && evidence_also(&l->also, l->view, d) != 0) return error_memory(l->err);
  bind_str(s, 7, corpus_stage_name(c, d->stage));
  bind_span(s, 8, names_value(c->names, d->reason).text);
  bind_span(s, 9, buf_span(&l->evidence));
  if (d->more) bind_span(s, 10, buf_span(&l->also));
  return 0;
}

static void bind_value(sqlite3_stmt *s, int at, Value v) {
  switch (v.type) {
    case VALUE_STRING: bind_span(s, at, v.text); break;
    case VALUE_INT: case VALUE_BOOL: sqlite3_bind_int64(s, at, v.integer); break;
    case VALUE_DOUBLE: sqlite3_bind_double(s, at, v.number); break;
    default: break;
  }
}

static void bind_columns(Ledger *l, sqlite3_stmt *s, uint32_t row) {
  int at = BASE_COLUMNS + 1;
  for (size_t i = 0; i < l->view->nmetrics; i++, at++)
    if (!isnan(l->metric[i][row])) sqlite3_bind_double(s, at, l->metric[i][row]);
  for (size_t i = 0; i < l->view->nannotations; i++, at++)
    if (l->note[i][row] != NAME_NONE) bind_value(s, at, names_value(l->view->corpus->names, l->note[i][row]));
}

static void canonical(const Hash128 *h, unsigned char out[16]) {
  for (int i = 0; i < 8; i++) {
    out[i] = (unsigned char)(h->hi >> (56 - 8 * i));
    out[8 + i] = (unsigned char)(h->lo >> (56 - 8 * i));
  }
}

static int write_row(Ledger *l, sqlite3_stmt *s, uint32_t row) {
  const Corpus *c = l->view->corpus;
  const RowRec *rec = &c->rows[row];
  const ExportOutputs *all = l->o->outputs;
  unsigned char identity[16];
  canonical(&c->identity[row], identity);
  sqlite3_bind_int64(s, 1, (sqlite3_int64)row + 1);
  sqlite3_bind_int(s, 2, rec->source + 1);
  sqlite3_bind_int64(s, 3, rec->line);
  sqlite3_bind_blob(s, 4, identity, sizeof identity, SQLITE_STATIC);
  if (c->id_path != NULL) {
    Row r = scratch_begin(l->scratch, l->view, row);
    bind_span(s, 5, query_row_id(&r));
  }
  sqlite3_bind_int(s, 6, (int)view_status(l->view, row));
  const Verdict *d = view_verdict(l->view, row);
  if (d != NULL && bind_verdict(l, s, d) != 0) return -1;
  if (all != NULL && all->place[row] != EXPORT_NOWHERE) {
    sqlite3_bind_int(s, 11, all->place[row] + 1);
    sqlite3_bind_int64(s, 12, all->line[row]);
  }
  bind_columns(l, s, row);
  return step(l, s);
}

static int write_rows(Ledger *l) {
  sqlite3_stmt *s = prepare_row(l);
  int bad = s == NULL ? -1 : open_columns(l);
  for (uint32_t row = 0; bad == 0 && row < l->view->corpus->nrows; row++) {
    bad = write_row(l, s, row);
    if (row % INTERRUPT_EVERY == 0 && interrupt_pending()) bad = POOL_INTERRUPTED;
  }
  sqlite3_finalize(s);
  return bad;
}

/* ---- edits: which stage changed which string ---- */

static int write_row_edits(Ledger *l, sqlite3_stmt *s, uint32_t row) {
  const Edit *e;
  size_t n = view_edits(l->view, row, &e);
  if (n == 0) return 0;
  Row r = scratch_begin(l->scratch, l->view, row);
  int bad = 0;
  n += e->replaced;
  for (size_t i = 0; bad == 0 && i < n; i++) {
    l->evidence.len = 0;
    if (row_string_path(&r, e[i].start, &l->evidence) != 0) return error_memory(l->err);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)row + 1);
    bind_str(s, 2, corpus_stage_name(l->view->corpus, e[i].stage));
    bind_span(s, 3, buf_span(&l->evidence));
    sqlite3_bind_int64(s, 4, e[i].start);
    sqlite3_bind_int64(s, 5, e[i].raw_len);
    bind_span(s, 6, e[i].spans);
    bad = step(l, s);
  }
  return bad;
}

static int write_edits(Ledger *l) {
  if (l->view->edit == NULL) return 0;
  sqlite3_stmt *s = prepare(l, "INSERT INTO edits VALUES (?,?,?,?,?,?)");
  int bad = s == NULL ? -1 : 0;
  for (uint32_t row = 0; bad == 0 && row < l->view->corpus->nrows; row++) {
    bad = write_row_edits(l, s, row);
    if (row % INTERRUPT_EVERY == 0 && interrupt_pending()) bad = POOL_INTERRUPTED;
  }
  sqlite3_finalize(s);
  return bad;
}

/* ---- the whole ---- */

static int write_all(Ledger *l) {
  int bad = run(l, "PRAGMA page_size = 16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                   "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -16384; BEGIN");
  if (bad == 0) bad = create_rows(l);
  if (bad == 0) bad = run(l, SCHEMA);
  if (bad == 0) bad = write_sources(l);
  if (bad == 0) bad = write_outputs(l);
  if (bad == 0) bad = write_marks(l);
  if (bad == 0) bad = write_stages(l);
  if (bad == 0) bad = write_revived(l);
  if (bad == 0) bad = write_meta(l);
  if (bad == 0) bad = write_rows(l);
  if (bad == 0) bad = write_edits(l);
  if (bad == 0) bad = write_pairs(l);
  if (bad == 0) bad = run(l, "COMMIT");
  return bad;
}

/* The file is made here, so that it can be nobody else's, and nobody else may read it. */
static int open_temp(Ledger *l) {
  if (asprintf(&l->temp, "%s.%ld.tmp", l->path, (long)getpid()) < 0) {
    l->temp = NULL;
    return error_memory(l->err);
  }
  int fd = open(l->temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    error_errno(l->err, "cannot make %s", l->path);
    free(l->temp);
    l->temp = NULL;
    return -1;
  }
  close(fd);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  return sqlite3_open_v2(l->temp, &l->db, flags, NULL) == SQLITE_OK ? 0 : failed(l);
}

static int publish(Ledger *l) {
  int r = sqlite3_close(l->db);
  l->db = NULL;
  if (r != SQLITE_OK) return failed(l);
  if (file_sync(l->temp, l->err) != 0) return -1;
  return rename(l->temp, l->path) == 0 ? 0 : error_errno(l->err, "cannot name %s", l->path);
}

int ledger_write(const View *v, const char *path, const LedgerOptions *o, Error *err) {
  Ledger l = { .view = v, .o = o, .path = path, .err = err };
  int bad = open_temp(&l);
  if (bad == 0) bad = write_all(&l);
  if (bad == 0) bad = publish(&l);
  sqlite3_close(l.db);
  if (bad != 0 && l.temp != NULL) unlink(l.temp);
  free(l.temp);
  free(l.metric);
  free(l.note);
  scratch_free(l.scratch);
  buf_free(&l.evidence);
  buf_free(&l.also);
  return bad;
}
