/* tests/fuzz/fuzz_scan.c - any valid UTF-8 through the checks, with and without the gate: the same
** matches, by place and apart; redaction keeps JSON valid */
#include <stdlib.h>

#include "corpus/json.h"
#include "scan/redact.h"
#include "scan/scan.h"
#include "text/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define RULE(t, p, c, d, n) { .type = { t, sizeof t - 1 }, .pattern = { p, sizeof p - 1 }, .check = { c, sizeof c - 1 }, .digits = d, .need = n }
/* the shapes of scripts/pii/classic.lua */
static const ScanRule RULES[] = {
  RULE("SSN", "(?<![0-9A-Za-z_])[0-9]{3}([- ])[0-9]{2}\\1[0-9]{4}(?![0-9A-Za-z_])", "ssn", 9, 0),
  RULE("CARD", "(?<![0-9A-Za-z_])[0-9](?:[ -]?[0-9]){11,18}(?![0-9A-Za-z_])", "card", 12, 0),
  RULE("EMAIL", "(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])", "email", 0, '@'),
  RULE("PHONE", "(?<![0-9A-Za-z_+])\\+[1-9](?:[ ./()-]{0,2}[0-9]){6,15}(?: ?(?:x|ext\\.? ?)[0-9]{1,5})?(?![0-9A-Za-z_])", "phone", 7, '+'),
  RULE("PHONE", "(?:(?:001|1)[ .-])?(?:\\([2-9][0-9]{2}\\)[ .-]?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}", "phone", 10, 0),
  RULE("IP", "(?:[0-9]{1,3}\\.){3}[0-9]{1,3}", "ipv4", 4, 0),
  RULE("IP", "(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}", "ipv6", 1, ':'),
};
enum { NRULES = sizeof RULES / sizeof *RULES };

static Scanner *scanner[2];
static ScanState *state[2];

static void setup(void) {
  Error err;
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
