/* modules/schema/schema_op.c - see schema_op.h */
#include "schema/schema_op.h"

#include <stdlib.h>

#include "core/json_out.h"
#include "corpus/evidence.h"
#include "schema/answer.h"
#include "schema/schema.h"
#include "text/fold.h"

enum { MAX_WORKERS = 1024, ASKED = 0, CHECKED = 1, RUN_FAILED = -2 };

static const char COSTLY[] = "no end within max_steps";

/* A JSON text of the recipe's, and its tree. */
typedef struct Fixed {
  char *text;
  Tree tree;
} Fixed;

typedef struct Rule {
  TreePath path;
  Fixed schema;
  int optional;
} Rule;

/* What a thread of the pool works with. */
typedef struct Worker {
  JsonDoc doc;
  Tree row, schema, value;
  Buf edited, schema_text, value_text, evidence, path;
  SchemaRun run;
  uint64_t steps;          /* that the next validation may take */
  double checked;
} Worker;

typedef struct SchemaOp {
  RowOp op;
  SchemaSpec spec;
  Rule *rule;
  Fixed fixed;
  char *paths;                   /* owns the paths below and those of the rules */
  TreePath schema_path, value_path, tools, calls;
  Worker *worker[MAX_WORKERS];   /* each slot touched by its worker only */
} SchemaOp;

typedef struct Visit {
  Worker *w;
  Out *out;
  const Rule *rule;
  uint32_t found, tools;
} Visit;

/* ---- evidence ---- */

static int put(Buf *b, const char *key, Span text) {
  int bad = (b->len > 1 && buf_char(b, ',') != 0) || buf_char(b, '"') != 0 || buf_str(b, key) != 0 ||
            buf_str(b, "\":") != 0 || json_out_string(b, text) != 0;
  return bad ? -1 : 0;
}

static int begin(Worker *w, Span field, Span path) {
  w->evidence.len = 0;
  int bad = buf_char(&w->evidence, '{') != 0 || (field.ptr != NULL && put(&w->evidence, "field", field) != 0) ||
            (path.ptr != NULL && put(&w->evidence, "path", path) != 0);
  return bad ? -1 : 0;
}

/* 1, which ends the walk that led here; -1 if out of memory. */
static int end(Worker *w, Out *out, const char *reason) {
  return buf_char(&w->evidence, '}') != 0 || out_reject_json(out, reason, buf_span(&w->evidence)) != 0 ? -1 : 1;
}

static Span path_of(Worker *w, uint32_t node) {
  w->path.len = 0;
  return tree_path(&w->row, 0, node, &w->path) != 0 ? span_of(NULL, 0) : buf_span(&w->path);
}

/* What a validation found, behind what begin wrote. */
static int put_fault(Worker *w) {
  Buf *b = &w->evidence;
  int bad = put(b, "pointer", buf_span(&w->run.pointer)) != 0 || put(b, "keyword", span_str(w->run.keyword)) != 0 ||
            put(b, "expected", buf_span(&w->run.expected)) != 0 || put(b, "found", buf_span(&w->run.found)) != 0;
  return bad ? -1 : 0;
}

/* {"field"?, "path"?, "offset", "wrong"}: where a text stops being JSON, in code points of the whole text. */
static int reject_text(Worker *w, Out *out, const char *reason, Span field, Span path, Span text, Span json,
                       JsonStatus status) {
  enum { SHOWN = 12 };
  size_t at = (size_t)(json.ptr - text.ptr) + w->doc.fault, points = 0, stop = at;
  if (at > text.len) stop = at = text.len;
  for (size_t i = 0; i < at; i++) points += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
  while (stop < text.len && (stop - at < SHOWN || ((unsigned char)text.ptr[stop] & 0xC0) == 0x80)) stop++;
  Buf *b = &w->evidence;
  const char *wrong = status == JSON_TOO_DEEP ? "nested too deep"
                    : w->doc.fault >= json.len ? "it ends before it closes" : "not JSON from here on";
  int bad = begin(w, field, path) != 0 || buf_printf(b, ",\"offset\":%zu", points) != 0 ||
            put(b, "wrong", span_str(wrong)) != 0 || put(b, "found", span_of(text.ptr + at, stop - at)) != 0;
  return bad ? -1 : end(w, out, reason);
}

/* ---- validation ---- */

/* Holds a value against a schema of the row or the recipe's; `reason` where it does not fit. 0, 1 with the row
** rejected, negative on errors. */
static int validate(Worker *w, Out *out, Schema schema, const Tree *value, uint32_t root,
                    const char *reason, Span field, Span path) {
  w->run.max_steps = w->steps;
  w->checked++;
  SchemaResult r = schema_validate(&w->run, schema, value, root);
  if (r == SCHEMA_VALID) return 0;
  if (r == SCHEMA_NO_MEMORY) return -1;
  if (r == SCHEMA_INVALID)
    return begin(w, field, path) != 0 || put_fault(w) != 0 ? -1 : end(w, out, reason);
  if (r == SCHEMA_BAD && schema.tree != &w->row && schema.tree != &w->schema) {
    out_error(out, "the recipe's schema, at \"%.*s\": %.*s", (int)w->run.pointer.len, w->run.pointer.ptr,
              (int)w->run.expected.len, w->run.expected.ptr);
    return RUN_FAILED;
  }
  if (r == SCHEMA_COSTLY) {
    w->run.pointer.len = w->run.expected.len = 0;
    if (buf_str(&w->run.expected, COSTLY) != 0) return -1;
  }
  int bad = begin(w, field, path) != 0 || put(&w->evidence, "pointer", buf_span(&w->run.pointer)) != 0 ||
            put(&w->evidence, "wrong", buf_span(&w->run.expected)) != 0;
  return bad ? -1 : end(w, out, "bad_schema");
}

/* Decodes the string at a node and reads it as JSON into t. The status; JSON_OK: t is built. */
static JsonStatus read_string(Worker *w, const JsonValue *v, Buf *text, Tree *t) {
  text->len = 0;
  if (buf_reserve(text, v->raw.len + 1) != 0) return JSON_NO_MEMORY;
  text->len = json_decode(v->raw, text->ptr);
  JsonStatus s = json_check(&w->doc, buf_span(text), 0);
  return s == JSON_OK && tree_build(t, buf_span(text)) != 0 ? JSON_NO_MEMORY : s;
}

/* The value at a node of the row, a string that is JSON or any other, against a schema. */
static int validate_node(Worker *w, Out *out, Schema schema, uint32_t node, const char *reason) {
  const JsonValue *v = &w->row.node[node].value;
  Span path = path_of(w, node);
  if (path.ptr == NULL) return -1;
  if (v->kind != JSON_STRING) return validate(w, out, schema, &w->row, node, reason, span_of(NULL, 0), path);
  JsonStatus s = read_string(w, v, &w->value_text, &w->value);
  if (s == JSON_NO_MEMORY) return -1;
  Span text = buf_span(&w->value_text);
  if (s != JSON_OK) return reject_text(w, out, reason, span_of(NULL, 0), path, text, text, s);
  return validate(w, out, schema, &w->value, 0, reason, span_of(NULL, 0), path);
}

/* ---- values by their paths ---- */

static int rule_found(void *with, uint32_t node) {
  Visit *v = with;
  Span path = path_of(v->w, node);
  if (path.ptr == NULL) return -1;
  Schema schema = { &v->rule->schema.tree, 0 };
  return validate(v->w, v->out, schema, &v->w->row, node, "wrong_value", span_of(NULL, 0), path);
}

static int rule_missing(void *with, uint32_t node, size_t step) {
  Visit *v = with;
  if (v->rule->optional) return 0;
  Worker *w = v->w;
  const TreeStep *s = &v->rule->path.step[step];
  if (path_of(w, node).ptr == NULL) return -1;
  int bad = s->kind == STEP_NAME ? (w->path.len > 0 && buf_char(&w->path, '.') != 0) ||
                                     buf_add(&w->path, s->name.ptr, s->name.len) != 0
          : s->kind == STEP_EACH ? buf_str(&w->path, "[]") != 0 : buf_printf(&w->path, "[%zu]", s->place) != 0;
  if (bad || begin(w, span_of(NULL, 0), buf_span(&w->path)) != 0 ||
      put(&w->evidence, "found", span_str("nothing")) != 0)
    return -1;
  return end(w, v->out, "missing_value");
}

static int check_rules(const SchemaOp *o, Worker *w, Out *out) {
  int r = 0;
  for (size_t i = 0; i < o->spec.nrules && r >= 0; i++) {
    Visit v = { .w = w, .out = out, .rule = &o->rule[i] };
    r = tree_visit(&w->row, 0, &v.rule->path, &(TreeVisit){ rule_found, rule_missing, &v });
  }
  return r;
}

/* ---- the answer ---- */

static int first_found(void *with, uint32_t node) {
  ((Visit *)with)->found = node;
  return 1;
}

/* The node at a path of the row; 0: none. */
static uint32_t node_at(Worker *w, const TreePath *p) {
  Visit v = { .found = 0 };
  if (p->n > 0) tree_visit(&w->row, 0, p, &(TreeVisit){ first_found, NULL, &v });
  return v.found;
}

/* The schema inside of what OpenAI calls a response_format, or what a tool wraps around it. */
static uint32_t unwrap(const Tree *t, uint32_t node) {
  uint32_t inner = tree_get(t, node, span_str("json_schema"));
  if (inner != 0) node = inner;
  if (tree_get(t, node, span_str("properties")) != 0 || tree_get(t, node, span_str("$ref")) != 0) return node;
  inner = tree_get(t, node, span_str("schema"));
  return inner != 0 && t->node[inner].value.kind == JSON_OBJECT ? inner : node;
}

static int reject_schema(Worker *w, Out *out, uint32_t node) {
  Span path = path_of(w, node);
  if (path.ptr == NULL || begin(w, span_of(NULL, 0), path) != 0 ||
      put(&w->evidence, "wrong", span_str("no JSON Schema")) != 0)
    return -1;
  return end(w, out, "bad_schema");
}

/* The schema for this row: 1 with *out_schema, 0 for none, negative on errors. */
static int row_schema(const SchemaOp *o, Worker *w, Out *out, Schema *found) {
  if (o->fixed.text != NULL) {
    *found = (Schema){ &o->fixed.tree, 0 };
    return 1;
  }
  uint32_t node = node_at(w, &o->schema_path);
  if (node == 0) return 0;
  const JsonValue *v = &w->row.node[node].value;
  if (v->kind == JSON_NULL) return 0;
  if (v->kind == JSON_STRING) {
    JsonStatus s = read_string(w, v, &w->schema_text, &w->schema);
    if (s == JSON_NO_MEMORY) return -1;
    if (s != JSON_OK) return reject_schema(w, out, node) < 0 ? -1 : 0;
    *found = (Schema){ &w->schema, unwrap(&w->schema, 0) };
    schema_prepare(&w->schema, found->root);
    return 1;
  }
  *found = (Schema){ &w->row, unwrap(&w->row, node) };
  schema_prepare(&w->row, found->root);
  return 1;
}

/* Does the row ask for JSON? 0 or 1; -1 if out of memory. */
static int asks(const SchemaOp *o, Row *row) {
  int64_t least = -1;
  if (o->spec.always) return 1;
  for (int i = 0; i < 2 && o->spec.asks != NULL; i++) {
    if (o->spec.ask_field[i] == FIELD_NONE) continue;
    Span text = row_field(row, o->spec.ask_field[i]);
    if (text.ptr == NULL) continue;
    char *room = scratch_room(row->scratch, fold_room(text.len));
    if (room == NULL) return -1;
    int64_t rule = topics_match(o->spec.asks, span_of(room, fold_text(room, text, 0, NULL)));
    if (rule >= 0 && (least < 0 || rule < least)) least = rule;
  }
  return least == ASK_YES || least == ASK_MAYBE;
}

static int check_answer(const SchemaOp *o, Worker *w, Row *row, Out *out, const Schema *schema) {
  Span text = row_field(row, o->spec.field), field = span_str(field_name(o->spec.field));
  if (text.ptr == NULL) return 0;
  Span json = answer_json(text, o->spec.prose);
  JsonStatus s = json_check(&w->doc, json, 0);
  if (s == JSON_NO_MEMORY) return -1;
  if (s != JSON_OK) return reject_text(w, out, "not_json", field, span_of(NULL, 0), text, json, s);
  if (schema == NULL) return 0;
  if (tree_build(&w->value, json) != 0) return -1;
  return validate(w, out, *schema, &w->value, 0, "schema_mismatch", field, span_of(NULL, 0));
}

typedef struct Values { Visit v; Schema schema; } Values;

static int value_found(void *with, uint32_t node) {
  Values *s = with;
  return validate_node(s->v.w, s->v.out, s->schema, node, "schema_mismatch");
}

static int check_json(const SchemaOp *o, Worker *w, Row *row, Out *out) {
  Schema schema;
  int asked = asks(o, row), has = row_schema(o, w, out, &schema);
  if (asked < 0) return -1;
  if (has < 0) return has;   /* row_schema returns 0 where it rejects */
  if (out_metric(out, ASKED, asked) != 0) return -1;
  if (has && o->value_path.n > 0) {
    Values s = { { .w = w, .out = out }, schema };
    int r = tree_visit(&w->row, 0, &o->value_path, &(TreeVisit){ value_found, NULL, &s });
    if (r < 0) return r;
    has = 0;
  }
  return asked || has ? check_answer(o, w, row, out, has ? &schema : NULL) : 0;
}

/* ---- tool calls ---- */

/* A member of the node or, as OpenAI has it, of its `function`. */
static uint32_t of_function(const Tree *t, uint32_t node, const char *name) {
  uint32_t f = tree_get(t, node, span_str("function"));
  return tree_get(t, f != 0 && t->node[f].value.kind == JSON_OBJECT ? f : node, span_str(name));
}

/* The tool of the list whose name is that of node `name`; 0: none. */
static uint32_t tool_named(Worker *w, uint32_t tools, uint32_t name) {
  const Tree *t = &w->row;
  const JsonValue *wanted = &t->node[name].value;
  for (uint32_t k = tree_first(t, tools); k != 0; k = tree_after(t, tools, k)) {
    uint32_t n = of_function(t, k, "name");
    if (n == 0 || t->node[n].value.kind != JSON_STRING) continue;
    if (span_eq(t->node[n].value.raw, wanted->raw)) return k;
  }
  return 0;
}

static void take_steps(Worker *w, uint64_t n) { w->steps -= n < w->steps ? n : w->steps; }

static int costly(Worker *w, Out *out, uint32_t node) {
  Span path = path_of(w, node);
  if (path.ptr == NULL || begin(w, span_of(NULL, 0), path) != 0 || put(&w->evidence, "wrong", span_str(COSTLY)) != 0)
    return -1;
  return end(w, out, "bad_schema");
}

static int call_found(void *with, uint32_t node) {
  Visit *v = with;
  Worker *w = v->w;
  uint32_t name = of_function(&w->row, node, "name"), arguments = of_function(&w->row, node, "arguments");
  if (name == 0 || w->row.node[name].value.kind != JSON_STRING) return 0;
  take_steps(w, w->row.node[v->tools].count);
  if (w->steps == 0) return costly(w, v->out, node);
  uint32_t tool = tool_named(w, v->tools, name);
  if (tool == 0) {
    Span path = path_of(w, name);
    if (path.ptr == NULL || begin(w, span_of(NULL, 0), path) != 0 ||
        put(&w->evidence, "found", w->row.node[name].value.raw) != 0)
      return -1;
    return end(w, v->out, "unknown_tool");
  }
  uint32_t schema = of_function(&w->row, tool, "parameters");
  if (schema == 0) schema = of_function(&w->row, tool, "input_schema");
  if (schema == 0 || arguments == 0 || w->row.node[schema].value.kind != JSON_OBJECT) return 0;
  schema_prepare(&w->row, schema);
  take_steps(w, w->row.node[schema].next - schema);
  int r = validate_node(w, v->out, (Schema){ &w->row, schema }, arguments, "tool_arguments");
  if (r == 0) w->steps = w->run.left;   /* all calls of a row share its steps */
  return r;
}

/* A list of tools that is a string is JSON in it: not read, for its schemas are the recipe's to name. */
static int check_tools(const SchemaOp *o, Worker *w, Out *out) {
  uint32_t tools = node_at(w, &o->tools);
  if (tools == 0 || w->row.node[tools].value.kind != JSON_ARRAY || w->row.node[tools].count == 0) return 0;
  Visit v = { .w = w, .out = out, .tools = tools };
  return tree_visit(&w->row, 0, &o->calls, &(TreeVisit){ call_found, NULL, &v });
}

/* ---- the operator ---- */

static Worker *worker_of(SchemaOp *o, int index) {
  if (index < 0 || index >= MAX_WORKERS) return NULL;
  if (o->worker[index] == NULL) o->worker[index] = calloc(1, sizeof *o->worker[index]);
  return o->worker[index];
}

/* Could a path lead anywhere in this row? Its first name stands in it, or one is escaped. */
static int may_have(const TreePath *p, Span row) {
  if (p->n == 0) return 0;
  Span name = p->step[0].name;
  return p->step[0].kind != STEP_NAME || memmem(row.ptr, row.len, name.ptr, name.len) != NULL ||
         memmem(row.ptr, row.len, "\\u", 2) != NULL;
}

/* Puts the edited text of the row's strings in the place of what was read. */
static int apply_edits(Worker *w, Row *row, Span bytes) {
  size_t need = 0;
  w->edited.len = 0;
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < w->row.n; i++) {
      JsonValue *v = &w->row.node[i].value;
      if (v->kind != JSON_STRING || v->raw.ptr < bytes.ptr || v->raw.ptr > bytes.ptr + bytes.len) continue;
      const Edit *e = row_edit_at(row, (uint32_t)(v->raw.ptr - bytes.ptr));
      if (e == NULL) continue;
      size_t from = w->edited.len;
      need += 6 * e->text.len + 2;
      if (pass == 0) continue;
      if (json_out_string(&w->edited, e->text) != 0) return -1;
      *v = (JsonValue){ span_of(w->edited.ptr + from + 1, w->edited.len - from - 2), JSON_STRING, JSON_ESCAPED };
    }
    if (need == 0) return 0;
    if (pass == 0 && buf_reserve(&w->edited, need) != 0) return -1;   /* all at once: the texts stay where they are */
  }
  return 0;
}

static int read_row(const SchemaOp *o, Worker *w, Row *row) {
  Span bytes = row_bytes(row);
  w->row.n = 0;
  if (o->spec.nrules == 0 && !may_have(&o->schema_path, bytes) && !may_have(&o->tools, bytes) && o->value_path.n == 0)
    bytes = span_str("null");   /* no path leads anywhere in it */
  if (!row_is_json(row)) bytes = span_str("null");
  if (tree_build(&w->row, bytes) != 0) return -1;
  return apply_edits(w, row, bytes);
}

static int run(const RowOp *op, Row *row, Out *out) {
  SchemaOp *o = (SchemaOp *)op;
  Worker *w = worker_of(o, scratch_worker(row->scratch));
  if (w == NULL || read_row(o, w, row) != 0) return -1;
  w->run.unchecked.len = 0;
  w->checked = 0;
  w->steps = o->spec.max_steps;
  int r = check_rules(o, w, out);
  if (r >= 0) r = check_json(o, w, row, out);
  if (r >= 0 && o->tools.n > 0) r = check_tools(o, w, out);
  if (r < 0) return r;
  if (out_metric(out, CHECKED, w->checked) != 0) return -1;
  if (w->run.unchecked.len == 0) return 0;
  return out_annotate(out, span_str("schema_unchecked"),
                      (Value){ .type = VALUE_STRING, .text = buf_span(&w->run.unchecked) });
}

static void worker_free(Worker *w) {
  if (w == NULL) return;
  json_doc_free(&w->doc);
  tree_free(&w->row);
  tree_free(&w->schema);
  tree_free(&w->value);
  buf_free(&w->edited);
  buf_free(&w->schema_text);
  buf_free(&w->value_text);
  buf_free(&w->evidence);
  buf_free(&w->path);
  schema_run_free(&w->run);
  free(w);
}

static void fixed_free(Fixed *f) {
  tree_free(&f->tree);
  free(f->text);
}

static void destroy(RowOp *op) {
  SchemaOp *o = (SchemaOp *)op;
  for (size_t i = 0; i < MAX_WORKERS; i++) worker_free(o->worker[i]);
  for (size_t i = 0; o->rule != NULL && i < o->spec.nrules; i++) fixed_free(&o->rule[i].schema);
  fixed_free(&o->fixed);
  topics_free(o->spec.asks);
  free(o->rule);
  free(o->paths);
  free(o);
}

static int read_fixed(Fixed *f, Span json, const char *what, Error *err) {
  JsonDoc doc = { 0 };
  f->text = malloc(json.len + 1);
  if (f->text == NULL) return error_memory(err), -1;
  memcpy(f->text, json.ptr, json.len);
  JsonStatus s = json_check(&doc, span_of(f->text, json.len), 0);
  size_t at = doc.fault;
  json_doc_free(&doc);
  if (s == JSON_NO_MEMORY || (s == JSON_OK && tree_build(&f->tree, span_of(f->text, json.len)) != 0))
    return error_memory(err), -1;
  if (s != JSON_OK) {
    error_set(err, "%s is no JSON at byte %zu", what, at);
    return -1;
  }
  schema_prepare(&f->tree, 0);
  return 0;
}

/* Keeps a copy of a path at *room and reads it; one that is not there is empty. */
static int keep_path(TreePath *p, char **room, Span path, Error *err) {
  if (path.ptr == NULL) return 0;
  memcpy(*room, path.ptr, path.len);
  Span own = span_of(*room, path.len);
  *room += path.len;
  if (tree_parse_path(p, own) == 0) return 0;
  error_set(err, "\"%.*s\" is no path: names and places, as in messages[].tool_calls[0].name, %d steps at most",
            (int)(path.len < 100 ? path.len : 100), path.ptr, TREE_MAX_STEPS);
  return -1;
}

static int keep(SchemaOp *o, const SchemaSpec *spec, Error *err) {
  const Span paths[] = { spec->schema_path, spec->value_path, spec->tools, spec->calls };
  size_t len = 1;
  for (size_t i = 0; i < 4; i++) len += paths[i].len;
  for (size_t i = 0; i < spec->nrules; i++) len += spec->rule[i].path.len;
  char *room = o->paths = malloc(len);
  o->rule = calloc(spec->nrules + 1, sizeof *o->rule);
  if (o->paths == NULL || o->rule == NULL || rowop_add_metric(&o->op, "asked") < 0 ||
      rowop_add_metric(&o->op, "checked") < 0)
    return error_memory(err), -1;
  TreePath *to[] = { &o->schema_path, &o->value_path, &o->tools, &o->calls };
  for (size_t i = 0; i < 4; i++)
    if (keep_path(to[i], &room, paths[i], err) != 0) return -1;
  for (size_t i = 0; i < spec->nrules; i++) {
    Rule *r = &o->rule[i];
    r->optional = spec->rule[i].optional;
    o->spec.nrules = i + 1;
    if (keep_path(&r->path, &room, spec->rule[i].path, err) != 0) return -1;
    if (read_fixed(&r->schema, spec->rule[i].schema, "what a path requires", err) != 0) return -1;
  }
  return spec->schema.ptr != NULL ? read_fixed(&o->fixed, spec->schema, "json_schema", err) : 0;
}

RowOp *schema_op(const SchemaSpec *spec, Error *err) {
  SchemaOp *o = calloc(1, sizeof *o);
  if (o == NULL) {
    topics_free(spec->asks);
    error_memory(err);
    return NULL;
  }
  rowop_init(&o->op, run, destroy);
  o->spec = *spec;
  o->spec.nrules = 0;
  if (keep(o, spec, err) == 0) return &o->op;
  rowop_unref(&o->op);
  return NULL;
}
