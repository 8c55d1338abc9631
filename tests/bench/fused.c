/* tests/bench/fused.c ROWS.jsonl - ten cheap row stages of the chat preset, fused as a run fuses them, against
** the sum of their kernels, each of which walks by itself over texts that are decoded already. The stages'
** own tables say what each does: the modules that they would call are replaced by ones that hand over what
** they were asked for. One thread, CPU time, best of several. Run by bench_fused.sh. */
#include <lauxlib.h>
#include <lualib.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "corpus/view.h"
#include "rules/phrases.h"
#include "rules/rules_op.h"
#include "scan/pii_op.h"
#include "tests/fixture.h"
#include "text/fold.h"
#include "text/ops.h"
#include "text/repetition.h"
#include "text/tokens.h"

enum { ROUNDS = 5, MOST_PHRASES = 1024, MOST_RULES = 64, STAGES = 10 };

static const char SPECS[] =
  "package.path = 'scripts/?.lua'\n"
  "local function hand_over(kind) return function(t) t.made = kind return t end end\n"
  "package.preload.text = function() return { length = hand_over 'length', repetition = hand_over 'repetition' } end\n"
  "package.preload.rules = function() return { check = hand_over 'check', phrases = hand_over 'phrases' } end\n"
  "package.preload.scan = function() return { pii = hand_over 'pii' } end\n"
  "package.preload.fs = function() return { getenv = os.getenv } end\n"
  "package.preload['report.screen'] = function() return {} end\n"
  "local chat, out = require 'presets.chat', {}\n"
  "for i, name in ipairs { 'length', 'repetition', 'text_rules', 'truncated', 'near_empty', 'url_quality', 'identity',\n"
  "                        'encoding', 'markup', 'pii' } do\n"
  "  local stage, p = require('stages.' .. name), {}\n"
  "  for key, spec in pairs(stage.params) do p[key] = spec.default end\n"
  "  for key, value in pairs(chat[name]) do p[key] = value end\n"
  "  out[i] = assert(stage.op(p, { name = name }))\n"
  "  out[i].name = name\n"
  "end\n"
  "return out\n";

typedef struct Texts { size_t n; Span *text; } Texts;
typedef struct Data {
  size_t rows, bytes;
  Texts input, output, assistant, strings;   /* decoded */
  char *room;
  size_t nroom;
} Data;

typedef struct Stage Stage;
struct Stage {
  const char *name;
  RowOp *op;
  void (*kernel)(const Stage *s, const Data *d);
  const Texts *on;
  RuleSetup setup;
  const RuleKernel *rule;
  Topics *topics;
  size_t within;
  Scanner *scanner;
  ScanState *state;
};

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *need(void *p) {
  if (p == NULL) abort();
  return p;
}

/* ---- what a stage asked for ---- */

static Span text_at(lua_State *L, int t, const char *key) {
  Span s = { 0 };
  lua_getfield(L, t, key);
  s.ptr = lua_tolstring(L, -1, &s.len);   /* the table keeps it */
  lua_pop(L, 1);
  return s;
}

static double number_at(lua_State *L, int t, const char *key, double missing) {
  lua_getfield(L, t, key);
  double v = luaL_optnumber(L, -1, missing);
  lua_pop(L, 1);
  return v;
}

static const char *word_at(lua_State *L, int t, const char *key) {
  const char *s = text_at(L, t, key).ptr;
  return s != NULL ? s : "";
}

static const Texts *texts_of(const Data *d, Span field) {
  if (span_eq(field, span_str("input"))) return &d->input;
  return span_eq(field, span_str("assistant")) ? &d->assistant : span_eq(field, span_str("strings")) ? &d->strings : &d->output;
}

/* ---- kernels ---- */

static volatile size_t sink;

static void length_kernel(const Stage *s, const Data *d) {
  (void)s;
  for (size_t i = 0; i < d->rows; i++) sink += tokens_count(d->input.text[i]) + tokens_count(d->output.text[i]);
}

static void repetition_kernel(const Stage *s, const Data *d) {
  for (size_t i = 0; i < s->on->n; i++) {
    Span t = s->on->text[i], folded = span_of(d->room, fold_text(d->room, t, 0, NULL));
    sink += repetition_bigrams(folded, d->room + (fold_room(t.len) / 8 + 1) * 8).distinct;
  }
}

static void rule_kernel(const Stage *s, const Data *d) {
  Finding f[RULES_MAX_MEASURES];
  for (size_t i = 0; i < s->on->n; i++) {
    rules_absent(f);
    s->rule->run(&s->setup, s->on->text[i], span_of(NULL, 0), d->room, f);
    sink += f[0].end;
  }
}

static void phrases_kernel(const Stage *s, const Data *d) {
  for (size_t i = 0; i < s->on->n; i++) {
    Span t = s->on->text[i];
    size_t at = 0, k = 0;
    while (k < s->within && words_next(t, &at).ptr != NULL) k++;
    if (s->within > 0 && k == s->within) t.len = at;
    sink += (size_t)topics_match(s->topics, span_of(d->room, fold_text(d->room, t, 0, NULL)));
  }
}

static void scan_kernel(const Stage *s, const Data *d) {
  for (size_t i = 0; i < d->strings.n; i++) {
    if (scanner_find(s->scanner, s->state, d->strings.text[i]) != 0) abort();
    sink += s->state->n;
  }
}

/* ---- stages ---- */

static void make_length(lua_State *L, int t, Stage *s) {
  LengthBound b[2];
  for (int i = 0; i < 2; i++) {
    lua_geti(L, t, i + 1);
    int u = lua_gettop(L);
    b[i] = (LengthBound){ i ? FIELD_OUTPUT : FIELD_INPUT, number_at(L, u, "min", 0), number_at(L, u, "max", HUGE_VAL),
                          word_at(L, u, "below"), word_at(L, u, "above"), word_at(L, u, "metric") };
  }
  s->op = need(length_op(b, 2, NULL));
  s->kernel = length_kernel;
}

static void make_repetition(lua_State *L, int t, Stage *s) {
  RepetitionRule r = { FIELD_OUTPUT, number_at(L, t, "max", 1), (size_t)number_at(L, t, "min_words", 0),
                       word_at(L, t, "reason"), word_at(L, t, "metric") };
  s->op = need(repetition_op(&r, NULL));
  s->kernel = repetition_kernel;
}

static void make_check(lua_State *L, int t, Stage *s) {
  RuleBound bound[ROWOP_MAX_METRICS];
  Span field = text_at(L, t, "field");
  RuleSpec spec = { .kernel = s->rule = rules_kernel(text_at(L, t, "kernel")), .field = field_by_name(field),
                    .against = FIELD_NONE, .bound = bound };
  need((void *)s->rule);
  lua_getfield(L, t, "numbers");
  for (int i = 0; lua_istable(L, -1) && s->rule->numbers[i] != NULL; i++)
    spec.setup.number[i] = number_at(L, lua_gettop(L), s->rule->numbers[i], 0);
  lua_getfield(L, t, "words");
  for (lua_Integer i = 1; lua_istable(L, -1) && i <= luaL_len(L, lua_gettop(L)); i++) {
    lua_geti(L, -1, i);
    Span *w = &spec.setup.word[spec.setup.nwords++];
    w->ptr = lua_tolstring(L, -1, &w->len);
    lua_pop(L, 1);
  }
  lua_getfield(L, t, "bounds");
  for (lua_Integer i = 1, n = luaL_len(L, -1); i <= n; i++, lua_pop(L, 1)) {
    lua_geti(L, -1, i);
    int b = lua_gettop(L);
    Span measure = text_at(L, b, "measure");
    bound[spec.nbounds++] = (RuleBound){ rules_measure(s->rule, measure), number_at(L, b, "min", -HUGE_VAL),
      number_at(L, b, "max", HUGE_VAL), word_at(L, b, "below"), word_at(L, b, "above"), measure.ptr };
    spec.setup.wanted |= UINT32_C(1) << bound[spec.nbounds - 1].measure;
  }
  s->setup = spec.setup;
  s->op = need(rules_op(&spec, NULL));
  s->kernel = rule_kernel;
}

static void make_phrases(lua_State *L, int t, Stage *s) {
  TopicPhrase phrase[MOST_PHRASES];
  Span reason[MOST_RULES];
  size_t n = 0, nrules = 0;
  lua_getfield(L, t, "rules");
  for (int rules = lua_gettop(L); (lua_Integer)nrules < luaL_len(L, rules); nrules++) {
    lua_geti(L, rules, (lua_Integer)nrules + 1);
    for (lua_Integer i = 1; i <= luaL_len(L, rules + 1); i++, lua_pop(L, 1)) {
      lua_geti(L, rules + 1, i);
      Span text;
      text.ptr = lua_tolstring(L, -1, &text.len);
      if (i == 1) reason[nrules] = text;
      else if (n < MOST_PHRASES) phrase[n++] = (TopicPhrase){ text, (uint32_t)nrules };
    }
    lua_settop(L, rules);
  }
  s->within = (size_t)number_at(L, t, "within", 0);
  s->topics = need(topics_new(phrase, n, NULL));
  PhrasesSpec spec = { field_by_name(text_at(L, t, "field")), phrase, n, reason, nrules, s->within,
                       (size_t)number_at(L, t, "most", 0), word_at(L, t, "metric") };
  s->op = need(phrases_op(topics_new(phrase, n, NULL), &spec, NULL));
  s->kernel = phrases_kernel;
}

static void make_pii(lua_State *L, int t, Stage *s) {
  ScanRule rule[MOST_RULES];
  ScanAction action[MOST_RULES];
  const char *reason[MOST_RULES];
  size_t n = 0;
  lua_getfield(L, t, "rules");
  for (int rules = lua_gettop(L); (lua_Integer)n < luaL_len(L, rules) && n < MOST_RULES; n++) {
    lua_geti(L, rules, (lua_Integer)n + 1);
    int r = lua_gettop(L);
    const char *byte = text_at(L, r, "need").ptr;
    rule[n] = (ScanRule){ text_at(L, r, "type"), text_at(L, r, "pattern"), text_at(L, r, "gate"), text_at(L, r, "check"),
      (unsigned)number_at(L, r, "digits", 0), byte != NULL ? (unsigned char)byte[0] : 0, 0,
      (unsigned)number_at(L, r, "within", 0), text_at(L, r, "context"), number_at(L, r, "entropy", 0) };
    action[n] = SCAN_REDACT;
    reason[n] = "found";
  }
  ScanPlan plan = { action, reason, "limit", "pii", { NULL, 0 }, 0 };
  s->scanner = need(scanner_new(rule, n, 0, NULL));
  s->state = need(scan_state_new(s->scanner));
  s->op = need(pii_op(scanner_new(rule, n, 0, NULL), &plan, NULL));
  s->kernel = scan_kernel;
}

static void make_stage(lua_State *L, int t, Stage *s, const Data *d) {
  static const struct { const char *made; void (*make)(lua_State *, int, Stage *); } MAKERS[] = {
    { "length", make_length }, { "repetition", make_repetition }, { "check", make_check },
    { "phrases", make_phrases }, { "pii", make_pii } };
  *s = (Stage){ .name = word_at(L, t, "name"), .on = texts_of(d, text_at(L, t, "field")) };
  for (size_t i = 0; i < sizeof MAKERS / sizeof *MAKERS; i++)
    if (strcmp(word_at(L, t, "made"), MAKERS[i].made) == 0) MAKERS[i].make(L, t, s);
  need(s->op);
}

/* ---- rows ---- */

static Span keep(Span text) {
  char *copy = need(malloc(text.len + 64));   /* kernels may read past the end, as in a corpus */
  if (text.len > 0) memcpy(copy, text.ptr, text.len);
  return span_of(copy, text.len);
}

static void decode(Data *d, const View *v) {
  Scratch *s = need(scratch_new(0));
  size_t room = 1 << 16;
  d->rows = v->corpus->nrows;
  Texts *list[] = { &d->input, &d->output, &d->assistant };
  static const Field FIELDS[] = { FIELD_INPUT, FIELD_OUTPUT, FIELD_ASSISTANT };
  for (int f = 0; f < 3; f++) list[f]->text = need(calloc(d->rows, sizeof(Span)));
  for (uint32_t i = 0; i < d->rows; i++) {
    Row row = scratch_begin(s, v, i);
    const RowString *string;
    size_t n = row_strings(&row, &string);
    d->strings.text = need(realloc(d->strings.text, (d->strings.n + n + 1) * sizeof(Span)));
    for (size_t k = 0; k < n; k++) d->strings.text[d->strings.n++] = keep(string[k].text);
    for (int f = 0; f < 3; f++) {
      Span text = keep(row_field(&row, FIELDS[f]));
      list[f]->text[list[f]->n++] = text;
      if (f < 2) d->bytes += text.len;
      if (16 * text.len > room) room = 16 * text.len;
    }
  }
  scratch_free(s);
  d->room = need(aligned_alloc(64, (4 * room / 64 + 1) * 64));
}

static View *read_rows(const char *path) {
  FILE *f = fopen(path, "r");
  if (f == NULL) { perror(path); exit(1); }
  const char **line = NULL;
  char *text = NULL;
  size_t n = 0, cap = 0;
  while (getline(&text, &cap, f) > 0) {
    line = need(realloc(line, (n + 1) * sizeof *line));
    text[strcspn(text, "\n")] = '\0';
    line[n++] = need(strdup(text));
  }
  fclose(f);
  return need(view_new(fixture_corpus(line, n)));
}

/* ---- the measure ---- */

static double fused(const View *v, Pool *pool, const Stage *stage, size_t n) {
  RowOp *ops[STAGES];
  uint16_t names[STAGES];
  for (size_t i = 0; i < n; i++) {
    ops[i] = stage[i].op;
    names[i] = (uint16_t)corpus_stage(v->corpus, span_str(stage[i].name));
  }
  double from = cpu();
  View *w = need(view_run_group(v, pool, ops, names, n, NULL, 0, NULL));
  double took = cpu() - from;
  view_unref(w);
  return took;
}

static void least(double *best, double seconds) { if (seconds < *best) *best = seconds; }

int main(int argc, char **argv) {
  Stage stage[STAGES];
  Data d = { 0 };
  double kernel[STAGES], alone[STAGES], all = 1e30, sum = 0;
  if (argc != 2) return 2;
  lua_State *L = need(luaL_newstate());
  luaL_openlibs(L);
  if (luaL_dostring(L, SPECS) != LUA_OK) { fprintf(stderr, "%s\n", lua_tostring(L, -1)); return 1; }
  int specs = lua_gettop(L);
  View *v = read_rows(argv[1]);
  Pool *pool = need(pool_new(1));
  decode(&d, v);
  for (size_t i = 0; i < STAGES; i++) {
    lua_geti(L, specs, (lua_Integer)i + 1);
    make_stage(L, lua_gettop(L), &stage[i], &d);
    lua_settop(L, specs);
    kernel[i] = alone[i] = 1e30;
  }
  for (int r = 0; r < ROUNDS; r++) {
    for (size_t i = 0; i < STAGES; i++) {
      double from = cpu();
      stage[i].kernel(&stage[i], &d);
      least(&kernel[i], cpu() - from);
      least(&alone[i], fused(v, pool, &stage[i], 1));
    }
    least(&all, fused(v, pool, stage, STAGES));
  }
  double rows = (double)d.rows;
  for (size_t i = 0; i < STAGES; i++) {
    printf("%-14s kernel %8.0f ns/row   as a stage %8.0f ns/row\n", stage[i].name, kernel[i] / rows * 1e9, alone[i] / rows * 1e9);
    sum += kernel[i];
  }
  printf("ten stages fused %6.0f ns/row, %.1f MB/CPU s: %.2f times the sum of their kernels, %.0f ns/row (at most 1.3)\n",
         all / rows * 1e9, (double)d.bytes / all / 1e6, all / sum, sum / rows * 1e9);
  return 0;
}
