/* tests/fuzz/fuzz_scan.c - any valid UTF-8 through the checks, with and without the gate: the same
** matches, by place and apart; redaction keeps JSON valid */
#include <stdlib.h>

#include "corpus/json.h"
#include "scan/redact.h"
#include "scan/scan.h"
#include "text/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TEXT(s) { s, sizeof s - 1 }
#define RULE(t, p, g, c, d, n) { .type = TEXT(t), .pattern = TEXT(p), .gate = { g, 0 }, .check = TEXT(c), .digits = d, .need = n }
#define LEFT "(?:(?<![0-9A-Za-z_])|(?<=\\\\[nrt]))"
#define RIGHT "(?![0-9A-Za-z_])"
#define MORE "(?: ?(?:x|ext\\.? ?)[0-9]{1,5})?"
/* the rules of scripts/pii/classic.lua; one kind without a gate of its own, so that Vectorscan
** prefilters the pattern itself */
static ScanRule RULES[] = {
  RULE("SSN", LEFT "(?<![0-9][-.])[0-9]{3}([- ])[0-9]{2}\\1[0-9]{4}" RIGHT "(?![-.][0-9])",
       "[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}", "ssn", 9, 0),
  RULE("CARD", LEFT "[0-9](?:[ -]?[0-9]){11,18}" RIGHT, "[0-9](?:[ -]?[0-9]){11}", "card", 12, 0),
  RULE("EMAIL", "(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])",
       "[A-Za-z0-9._%+-]@[A-Za-z0-9]", "email", 0, '@'),
  RULE("PHONE", "(?<![0-9A-Za-z_+])\\+[1-9](?:[ ./()-]{0,2}[0-9]){6,15}" MORE RIGHT, NULL, "phone", 7, '+'),
  RULE("PHONE", LEFT "(?<![0-9][.-])(?:(?:001|1)[ .-])?(?:\\([2-9][0-9]{2}\\)[ .-]?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}"
       MORE RIGHT "(?![.-][0-9])", "[2-9][0-9]{2}[) .-]{1,2}[0-9]{3}[ .-][0-9]{4}", "phone", 10, 0),
  RULE("PHONE", LEFT "(?<![0-9][ .-])0[1-9]([ .-])[0-9]{2}(?:\\1[0-9]{2}){3}" RIGHT "(?![ .-][0-9])",
       "0[1-9](?:[ .-][0-9]{2}){4}", "phone", 10, 0),
  RULE("IP", LEFT "(?<![0-9]\\.)(?:[0-9]{1,3}\\.){3}[0-9]{1,3}" RIGHT "(?!\\.[0-9])", "(?:[0-9]{1,3}\\.){3}[0-9]", "ipv4", 4, 0),
  RULE("IP", "(?<![0-9A-Za-z_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z_:.])",
       "(?:[0-9A-Fa-f]{0,4}:){2}[0-9A-Fa-f]", "ipv6", 1, ':'),
};
enum { NRULES = sizeof RULES / sizeof *RULES };

static Scanner *scanner[2];
static ScanState *state[2];

static void setup(void) {
  Error err;
  for (size_t k = 0; k < NRULES; k++)
    if (RULES[k].gate.ptr != NULL) RULES[k].gate.len = strlen(RULES[k].gate.ptr);
  for (int i = 0; i < 2; i++) {
    scanner[i] = scanner_new(RULES, NRULES, i ? SCAN_UNGATED : 0, &err);
    if (scanner[i] == NULL) abort();
    state[i] = scan_state_new(scanner[i]);
  }
}

static int is_json(Span text) {
  JsonDoc doc = { 0 };
  int good = json_check(&doc, text, 0) == JSON_OK && (doc.root.kind == JSON_OBJECT || doc.root.kind == JSON_ARRAY);
  json_doc_free(&doc);
  return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const char *const NAME[] = { "SSN", "CARD", "EMAIL", "PHONE", "IP" };
  if (scanner[0] == NULL) setup();
  char *copy = malloc(len + 1);
  memcpy(copy, data, len);
  Span text = span_of(copy, len);
  if (chars_valid(copy, len)) {
    for (int i = 0; i < 2; i++)
      if (scanner_find(scanner[i], state[i], text) != 0) abort();
    if (state[0]->n != state[1]->n) abort();
    for (size_t k = 0; k < state[0]->n; k++) {
      const ScanMatch *a = &state[0]->match[k], *b = &state[1]->match[k];
      if (a->start != b->start || a->end != b->end || a->type != b->type) abort();
      if (a->start >= a->end || a->end > len || (k > 0 && a->start < a[-1].end)) abort();
    }
    Buf out = { 0 };
    if (scan_redact(&out, text, state[0]->match, state[0]->n, NAME) != 0) abort();
    if (is_json(text) && !is_json(buf_span(&out))) abort();
    buf_free(&out);
  }
  free(copy);
  return 0;
}
