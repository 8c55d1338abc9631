/* modules/text/chars.c - tables of characters, see chars.h. */
#include "text/chars.h"

typedef struct Range { uint32_t first, last; } Range;

static int in_ranges(const Range *r, size_t n, uint32_t c) {
  size_t lo = 0, hi = n;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (c > r[mid].last) lo = mid + 1;
    else hi = mid;
  }
  return lo < n && c >= r[lo].first;
}
#define IN(table, c) in_ranges(table, sizeof table / sizeof *table, c)

/* Scripts whose words no space parts. */
static const Range UNSPACED[] = {
  { 0x0E01, 0x0E30 }, { 0x0E32, 0x0E33 }, { 0x0E40, 0x0E46 }, { 0x0E50, 0x0E59 },   /* Thai */
  { 0x0E81, 0x0EB0 }, { 0x0EB2, 0x0EB3 }, { 0x0EBD, 0x0EC6 }, { 0x0ED0, 0x0EDF },   /* Lao */
  { 0x0F20, 0x0F33 }, { 0x0F40, 0x0F6C },                                           /* Tibetan digits, letters */
  { 0x1000, 0x102A }, { 0x103F, 0x1049 }, { 0x1050, 0x1055 }, { 0x105A, 0x105D },   /* Myanmar */
  { 0x1061, 0x1061 }, { 0x1065, 0x1066 }, { 0x106E, 0x1070 }, { 0x1075, 0x1081 },
  { 0x108E, 0x108E }, { 0x1090, 0x1099 },
  { 0x1780, 0x17B3 }, { 0x17DC, 0x17DC }, { 0x17E0, 0x17E9 },                       /* Khmer */
  { 0x2E80, 0x2FD5 },                                  /* CJK Radicals Supplement, Kangxi Radicals */
  { 0x3005, 0x3007 }, { 0x3021, 0x3029 },              /* ideographic iteration mark, numerals */
  { 0x3041, 0x3096 }, { 0x309D, 0x309F },              /* Hiragana */
  { 0x30A1, 0x30FA }, { 0x30FD, 0x30FF },              /* Katakana */
  { 0x31F0, 0x31FF },                                  /* Katakana Phonetic Extensions */
  { 0x3400, 0x4DBF }, { 0x4E00, 0x9FFF },              /* CJK Extension A, CJK Unified Ideographs */
  { 0xF900, 0xFAFF },                                  /* CJK Compatibility Ideographs */
  { 0xFF66, 0xFF6F }, { 0xFF71, 0xFF9D },              /* half-width Katakana */
  { 0x1B000, 0x1B16F },                                /* Kana Supplement and extensions */
  { 0x20000, 0x323AF },                                /* CJK Extensions B to H */
};

static const Range MARKS[] = {
  { 0x0E31, 0x0E31 }, { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E },                       /* Thai */
  { 0x0EB1, 0x0EB1 }, { 0x0EB4, 0x0EBC }, { 0x0EC8, 0x0ECE },                       /* Lao */
  { 0x0F0B, 0x0F0C }, { 0x0F35, 0x0F39 }, { 0x0F71, 0x0F87 }, { 0x0F8D, 0x0FBC },   /* Tibetan, its tsheg */
  { 0x102B, 0x103E }, { 0x1056, 0x1059 }, { 0x105E, 0x1060 }, { 0x1062, 0x1064 },   /* Myanmar */
  { 0x1067, 0x106D }, { 0x1071, 0x1074 }, { 0x1082, 0x108D }, { 0x108F, 0x108F },
  { 0x109A, 0x109D },
  { 0x17B4, 0x17D3 }, { 0x17DD, 0x17DD },                                           /* Khmer */
  { 0x3099, 0x309C },                                  /* Kana voicing marks */
  { 0x30FC, 0x30FC }, { 0xFF70, 0xFF70 },              /* Kana prolonged sound marks */
  { 0xFF9E, 0xFF9F },                                  /* half-width Kana voicing marks */
};

static const Range CJK_POINTS[] = {
  { 0x3001, 0x3004 }, { 0x3008, 0x3020 }, { 0x302A, 0x303F },    /* CJK Symbols and Punctuation */
  { 0x30A0, 0x30A0 }, { 0x30FB, 0x30FB },                        /* Katakana hyphen, middle dot */
  { 0xFE30, 0xFE4F },                                            /* CJK Compatibility Forms */
  { 0xFF01, 0xFF0F }, { 0xFF1A, 0xFF20 }, { 0xFF3B, 0xFF40 },    /* full-width punctuation */
  { 0xFF5B, 0xFF65 },
};

CharKind chars_kind(uint32_t c) {
  if (c < 0x0E00) return chars_is_space(c) ? CHAR_SPACE : CHAR_WORD;
  if (chars_is_space(c)) return CHAR_SPACE;
  if (IN(UNSPACED, c)) return CHAR_UNSPACED;
  if (IN(MARKS, c)) return CHAR_MARK;
  return IN(CJK_POINTS, c) ? CHAR_CJK_POINT : CHAR_WORD;
}

int chars_in_word(uint32_t c) {
  if (c < 0x80) return c == '_' || chars_is_alnum_ascii(c);
  if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;   /* Latin-1 Supplement: ª µ º */
  if (c == 0xD7 || c == 0xF7) return 0;                       /* multiplication, division */
  if (c - 0x2000u < 0x70u) return c - 0x200Cu < 2u;           /* General Punctuation; joiners stay */
  if (c - 0x2190u < 0x8D0u) return 0;                         /* arrows, operators, boxes, symbols, dingbats … */
  if (c - 0x2E00u < 0x80u) return 0;                          /* Supplemental Punctuation */
  if (c - 0x1F000u < 0x0FFFu) return 0;                       /* emoji and other pictographs */
  return !chars_is_space(c) && !IN(CJK_POINTS, c);
}

int chars_valid(const char *s, size_t len) {
  for (size_t i = 0; i < len;) {
    uint64_t w;
    if (i + 8 <= len && (memcpy(&w, s + i, 8), (w & 0x8080808080808080u) == 0)) { i += 8; continue; }
    size_t next;
    uint32_t c = chars_decode(s, len, i, &next);
    if (c == 0xFFFD && next == i + 1) return 0;
    i = next;
  }
  return 1;
}

size_t chars_count(const char *s, size_t len) {
  size_t n = 0;
  for (size_t i = 0; i < len; i++) n += (s[i] & 0xC0) != 0x80;
  return n;
}
