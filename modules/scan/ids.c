/* modules/scan/ids.c - see ids.h */
#include "scan/ids.h"

static int digit(char c) { return c >= '0' && c <= '9'; }
static int letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c; }

/* The values of the match's digits into d[cap]; how many digits there are, cap or not. */
static size_t digits_of(const ScanCandidate *c, unsigned char *d, size_t cap) {
  size_t n = 0;
  for (size_t i = c->start; i < c->end; i++) {
    if (!digit(c->text.ptr[i])) continue;
    if (n < cap) d[n] = (unsigned char)(c->text.ptr[i] - '0');
    n++;
  }
  return n;
}

static int all_same(const unsigned char *d, size_t n) {
  for (size_t i = 1; i < n; i++)
    if (d[i] != d[0]) return 0;
  return 1;
}

static unsigned weighted(const unsigned char *d, const unsigned char *weight, size_t n) {
  unsigned sum = 0;
  for (size_t i = 0; i < n; i++) sum += (unsigned)(d[i] * weight[i]);
  return sum;
}

/* ---- bank accounts ---- */

/* Characters of a country's IBAN (SWIFT's registry); 0: it has none. */
static size_t iban_length(char a, char b) {
  static const struct { char code[3]; unsigned char len; } LENGTHS[] = {
    { "AD", 24 }, { "AE", 23 }, { "AL", 28 }, { "AT", 20 }, { "AZ", 28 }, { "BA", 20 }, { "BE", 16 }, { "BG", 22 },
    { "BH", 22 }, { "BI", 27 }, { "BR", 29 }, { "BY", 28 }, { "CH", 21 }, { "CR", 22 }, { "CY", 28 }, { "CZ", 24 },
    { "DE", 22 }, { "DJ", 27 }, { "DK", 18 }, { "DO", 28 }, { "EE", 20 }, { "EG", 29 }, { "ES", 24 }, { "FI", 18 },
    { "FK", 18 }, { "FO", 18 }, { "FR", 27 }, { "GB", 22 }, { "GE", 22 }, { "GI", 23 }, { "GL", 18 }, { "GR", 27 },
    { "GT", 28 }, { "HR", 21 }, { "HU", 28 }, { "IE", 22 }, { "IL", 23 }, { "IQ", 23 }, { "IS", 26 }, { "IT", 27 },
    { "JO", 30 }, { "KW", 30 }, { "KZ", 20 }, { "LB", 28 }, { "LC", 32 }, { "LI", 21 }, { "LT", 20 }, { "LU", 20 },
    { "LV", 21 }, { "LY", 25 }, { "MC", 27 }, { "MD", 24 }, { "ME", 22 }, { "MK", 19 }, { "MN", 20 }, { "MR", 27 },
    { "MT", 31 }, { "MU", 30 }, { "NI", 28 }, { "NL", 18 }, { "NO", 15 }, { "OM", 23 }, { "PK", 24 }, { "PL", 28 },
    { "PS", 29 }, { "PT", 25 }, { "QA", 29 }, { "RO", 24 }, { "RS", 22 }, { "RU", 33 }, { "SA", 24 }, { "SC", 31 },
    { "SD", 18 }, { "SE", 24 }, { "SI", 19 }, { "SK", 24 }, { "SM", 27 }, { "SO", 23 }, { "ST", 25 }, { "SV", 28 },
    { "TL", 23 }, { "TN", 24 }, { "TR", 26 }, { "UA", 29 }, { "VA", 22 }, { "VG", 24 }, { "XK", 20 }, { "YE", 30 },
  };
  for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++)
    if (LENGTHS[i].code[0] == a && LENGTHS[i].code[1] == b) return LENGTHS[i].len;
  return 0;
}

enum { IBAN_MOST = 34 };

/* Collects `want` letters and digits, in one run or in fours; where they end, 0 if grouped otherwise. */
static size_t take_iban(const ScanCandidate *c, size_t want, char *out) {
  char separator = c->start + 4 < c->text.len ? c->text.ptr[c->start + 4] : 0;
  size_t at = c->start, n = 0;
  if (separator != ' ' && separator != '-') separator = 0;
  while (n < want) {
    if (at == c->text.len) return 0;
    if (separator != 0 && n > 0 && n % 4 == 0 && c->text.ptr[at++] != separator) return 0;
    if (at == c->text.len || (!digit(c->text.ptr[at]) && !letter(c->text.ptr[at]))) return 0;
    out[n++] = c->text.ptr[at++];
  }
  return at;
}

static unsigned mod_97(const char *s, size_t n) {
  unsigned rest = 0;
  for (size_t i = 0; i < n; i++) {
    char ch = upper(s[(i + 4) % n]);
    if (digit(ch)) rest = (rest * 10 + (unsigned)(ch - '0')) % 97;
    else rest = (rest * 100 + (unsigned)(ch - 'A') + 10) % 97;
  }
  return rest;
}

int check_iban(ScanCandidate *c) {
  char s[IBAN_MOST];
  if (c->end - c->start < 4) return 0;
  size_t want = iban_length(upper(c->text.ptr[c->start]), upper(c->text.ptr[c->start + 1]));
  size_t end = want > 0 ? take_iban(c, want, s) : 0;
  if (end == 0 || (end < c->text.len && (digit(c->text.ptr[end]) || letter(c->text.ptr[end])))) return 0;
  int low = 0, high = 0;
  for (size_t i = 0; i < want; i++) {
    low |= s[i] >= 'a' && s[i] <= 'z';
    high |= s[i] >= 'A' && s[i] <= 'Z';
  }
  c->end = end;
  return !(low && high) && mod_97(s, want) == 1;
}

/* ---- people ---- */

int check_nhs(ScanCandidate *c) {
  static const unsigned char WEIGHT[] = { 10, 9, 8, 7, 6, 5, 4, 3, 2 };
  unsigned char d[10];
  if (digits_of(c, d, 10) != 10 || all_same(d, 10)) return 0;
  return (11 - weighted(d, WEIGHT, 9) % 11) % 11 == d[9];
}

int check_nif(ScanCandidate *c) {
  unsigned char d[8];
  size_t n = digits_of(c, d, 8);
  char first = upper(c->text.ptr[c->start]);
  unsigned number = 0;
  if (digit(first) ? n != 8 : n != 7 || first < 'X' || first > 'Z') return 0;
  if (!digit(first)) number = (unsigned)(first - 'X');
  for (size_t i = 0; i < n; i++) number = number * 10 + d[i];
  return number > 0 && upper(c->text.ptr[c->end - 1]) == "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23];
}

int check_de_tax(ScanCandidate *c) {
  unsigned char d[11];
  unsigned seen[10] = { 0 }, many = 0, product = 10;
  if (digits_of(c, d, 11) != 11 || d[0] == 0) return 0;
  for (size_t i = 0; i < 10; i++) {
    unsigned sum = (d[i] + product) % 10;
    product = (sum == 0 ? 10 : sum) * 2 % 11;
    seen[d[i]]++;
  }
  for (size_t v = 0; v < 10; v++) {
    if (seen[v] > 3) return 0;
    many += seen[v] > 1;
  }
  return many == 1 && (11 - product) % 10 == d[10];
}

int check_pesel(ScanCandidate *c) {
  static const unsigned char WEIGHT[] = { 1, 3, 7, 9, 1, 3, 7, 9, 1, 3 };
  unsigned char d[11];
  if (digits_of(c, d, 11) != 11) return 0;
  unsigned month = (d[2] * 10u + d[3]) % 20, day = d[4] * 10u + d[5];   /* 20 more for each century from 1900 */
  if (month < 1 || month > 12 || day < 1 || day > 31) return 0;
  return (10 - weighted(d, WEIGHT, 10) % 10) % 10 == d[10];
}

int check_aadhaar(ScanCandidate *c) {
  /* multiplication in the dihedral group of ten, and the permutation's powers (Verhoeff, 1969) */
  static const unsigned char TIMES[10][10] = {
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 2, 3, 4, 0, 6, 7, 8, 9, 5 }, { 2, 3, 4, 0, 1, 7, 8, 9, 5, 6 },
    { 3, 4, 0, 1, 2, 8, 9, 5, 6, 7 }, { 4, 0, 1, 2, 3, 9, 5, 6, 7, 8 }, { 5, 9, 8, 7, 6, 0, 4, 3, 2, 1 },
    { 6, 5, 9, 8, 7, 1, 0, 4, 3, 2 }, { 7, 6, 5, 9, 8, 2, 1, 0, 4, 3 }, { 8, 7, 6, 5, 9, 3, 2, 1, 0, 4 },
    { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 } };
  static const unsigned char MOVED[8][10] = {
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 5, 7, 6, 2, 8, 3, 0, 9, 4 }, { 5, 8, 0, 3, 7, 9, 6, 1, 4, 2 },
    { 8, 9, 1, 6, 0, 4, 3, 5, 2, 7 }, { 9, 4, 5, 3, 1, 2, 6, 8, 7, 0 }, { 4, 2, 8, 6, 5, 7, 3, 9, 0, 1 },
    { 2, 7, 9, 3, 8, 0, 6, 4, 1, 5 }, { 7, 0, 4, 6, 9, 1, 3, 2, 5, 8 } };
  unsigned char d[12];
  unsigned sum = 0;
  if (digits_of(c, d, 12) != 12 || d[0] < 2 || all_same(d, 12)) return 0;
  for (size_t i = 0; i < 12; i++) sum = TIMES[sum][MOVED[i % 8][d[11 - i]]];
  return sum == 0;
}

int check_cpf(ScanCandidate *c) {
  static const unsigned char WEIGHT[] = { 11, 10, 9, 8, 7, 6, 5, 4, 3, 2 };
  unsigned char d[11];
  if (digits_of(c, d, 11) != 11 || all_same(d, 11)) return 0;
  for (size_t k = 0; k < 2; k++) {
    unsigned check = weighted(d, WEIGHT + 1 - k, 9 + k) * 10 % 11 % 10;
    if (check != d[9 + k]) return 0;
  }
  return 1;
}
