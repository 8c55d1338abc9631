/* modules/style/forms.c - see forms.h */
#include "style/forms.h"

#include "schema/answer.h"
#include "text/fold.h"
#include "text/tokens.h"

const char *const form_names[FORMS] = { "list", "header", "code", "json", "table" };

/* ---- lines ---- */

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static Span trimmed(Span s) {
  while (s.len > 0 && is_blank(s.ptr[0])) s = span_of(s.ptr + 1, s.len - 1);
  while (s.len > 0 && is_blank(s.ptr[s.len - 1])) s.len--;
  return s;
}

static Span next_line(Span text, size_t *at) {
  const char *from = text.ptr + *at, *end = memchr(from, '\n', text.len - *at);
  size_t len = end == NULL ? text.len - *at : (size_t)(end - from);
  *at += len + 1;
  return span_of(from, len);
}

static int begins(Span s, const char *with, size_t len) { return s.len >= len && memcmp(s.ptr, with, len) == 0; }
static int closes(Span s, const char *with, size_t len) {
  return s.len >= len && memcmp(s.ptr + s.len - len, with, len) == 0;
}

static size_t run_of(Span s, char c) {
  size_t n = 0;
  while (n < s.len && s.ptr[n] == c) n++;
  return n;
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.';
}

/* The characters of a fence that opens or closes here; 0: none. */
static size_t fence_of(Span line) {
  size_t n = run_of(line, '`');
  if (n == 0) n = run_of(line, '~');
  return n >= 3 ? n : 0;
}

static int is_item(Span line) {
  if (line.len >= 2 && (line.ptr[0] == '-' || line.ptr[0] == '*' || line.ptr[0] == '+')) return is_blank(line.ptr[1]);
  if (begins(line, "\xE2\x80\xA2", 3)) return 1;
  size_t n = 0;
  while (n < line.len && n < 3 && is_digit(line.ptr[n])) n++;
  return n > 0 && n + 1 < line.len && (line.ptr[n] == '.' || line.ptr[n] == ')') && is_blank(line.ptr[n + 1]);
}

/* A whole line in bold: **Title**, **Title:** or **Title**: */
static int is_bold(Span line) {
  if (closes(line, ":", 1)) line.len--;
  if (line.len < 5 || !begins(line, "**", 2) || !closes(line, "**", 2)) return 0;
  return memmem(line.ptr + 2, line.len - 4, "**", 2) == NULL;
}

static int is_hash_header(Span line) {
  size_t n = run_of(line, '#');
  return n >= 1 && n <= 6 && n + 1 < line.len && is_blank(line.ptr[n]);
}

static int is_rule(Span line) {
  int dash = 0, bar = 0;
  for (size_t i = 0; i < line.len; i++) {
    if (line.ptr[i] == '-') dash = 1;
    else if (line.ptr[i] == '|') bar = 1;
    else if (line.ptr[i] != ':' && !is_blank(line.ptr[i])) return 0;
  }
  return dash && bar;
}

/* name = value, name += value, name.of(…) */
static int is_statement(Span line) {
  size_t n = 0;
  while (n < line.len && is_name(line.ptr[n])) n++;
  if (n == 0 || is_digit(line.ptr[0]) || line.ptr[0] == '.') return 0;
  if (n < line.len && line.ptr[n] == '(' && closes(line, ")", 1)) return 1;
  while (n < line.len && is_blank(line.ptr[n])) n++;
  if (n < line.len && memchr("+-*/", line.ptr[n], 4) != NULL) n++;
  return n + 1 < line.len && line.ptr[n] == '=' && is_blank(line.ptr[n + 1]);
}

static int is_code(Span line, const FormRules *rules) {
  for (size_t i = 0; i < rules->nstarts; i++)
    if (begins(line, rules->starts[i].ptr, rules->starts[i].len)) return 1;
  for (size_t i = 0; i < rules->nends; i++)
    if (closes(line, rules->ends[i].ptr, rules->ends[i].len)) return 1;
  return is_statement(line);
}

/* ---- a text ---- */

typedef struct Lines {
  size_t fence;             /* characters of the fence we are in; 0: none */
  size_t items, code, full; /* of lines outside fences: items, those like code, those not blank */
  Span before;              /* the line before, outside fences; len 0: blank or none */
  int forms;
} Lines;

static void take_line(Lines *l, Span line, const FormRules *rules) {
  size_t fence = fence_of(line);
  if (l->fence > 0 || fence > 0) {
    if (l->fence == 0) l->fence = fence;
    else if (fence >= l->fence) l->fence = 0;
    l->forms |= FORM_CODE;
    l->before.len = 0;
    return;
  }
  if (line.len > 0) {
    l->full++;
    l->items += (size_t)is_item(line);
    l->code += (size_t)is_code(line, rules);
    if (is_hash_header(line) || is_bold(line)) l->forms |= FORM_HEADER;
    if (l->before.len > 0 && line.len >= 3 && run_of(line, '=') == line.len) l->forms |= FORM_HEADER;
    if (l->before.len > 0 && memchr(l->before.ptr, '|', l->before.len) != NULL && is_rule(line)) l->forms |= FORM_TABLE;
    if (memmem(line.ptr, line.len, "<table", 6) != NULL) l->forms |= FORM_TABLE;
  }
  l->before = line;
}

/* Nothing but blanks and signs of a fence? */
static int is_bare(const char *p, const char *end) {
  for (; p < end; p++)
    if (!is_blank(*p) && *p != '\n' && *p != '`' && *p != '~') return 0;
  return 1;
}

/* 1, 0; -1: out of memory */
static int is_json(Span text, JsonDoc *doc) {
  while (text.len > 0 && (is_blank(text.ptr[0]) || text.ptr[0] == '\n')) text = span_of(text.ptr + 1, text.len - 1);
  if (text.len < 2 || memchr("{[`~", text.ptr[0], 4) == NULL) return 0;
  Span json = fence_of(text) > 0 ? answer_json(text, 0) : text;
  if (!is_bare(json.ptr + json.len, text.ptr + text.len)) return 0;   /* more stands behind the fence */
  JsonStatus status = json_check(doc, json, 0);
  if (status == JSON_NO_MEMORY) return -1;
  return status == JSON_OK && (doc->root.kind == JSON_OBJECT || doc->root.kind == JSON_ARRAY);
}

int forms_of(Span text, const FormRules *rules, JsonDoc *doc) {
  int json = is_json(text, doc);
  if (json != 0) return json < 0 ? -1 : FORM_JSON;
  Lines l = { 0 };
  for (size_t at = 0; at < text.len;) take_line(&l, trimmed(next_line(text, &at)), rules);
  if (l.items >= rules->list_items) l.forms |= FORM_LIST;
  if (l.code >= rules->code_lines && (double)l.code >= rules->code_share * (double)l.full)
    l.forms = (l.forms | FORM_CODE) & ~FORM_HEADER;   /* "# …" is a comment there */
  return l.forms;
}

size_t opening_of(Span text, size_t words, char out[OPENING_ROOM]) {
  size_t at = 0, end = 0;
  for (size_t i = 0; i < words; i++) {
    if (tokens_next(text, &at).ptr == NULL) return 0;
    end = at;
  }
  if (tokens_next(text, &at).ptr == NULL) return 0;
  if (end > OPENING_BYTES) {
    end = OPENING_BYTES;
    while (end > 0 && ((unsigned char)text.ptr[end] & 0xC0) == 0x80) end--;
  }
  return fold_text(out, span_of(text.ptr, end), FOLD_DROP_PUNCTUATION, NULL);
}
