/* tests/bert_vocab.h - tokenizer.json files of a few pieces, for tests of the tokenizer and of static models. */
#ifndef TAMIS_BERT_VOCAB_H
#define TAMIS_BERT_VOCAB_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BERT_NORMALIZER "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true," \
                        "\"strip_accents\":null,\"lowercase\":true}"
#define BERT_PRE "{\"type\":\"BertPreTokenizer\"}"
#define BERT_SPECIAL(id, text) "{\"id\":" #id ",\"content\":\"" text "\",\"single_word\":false,\"lstrip\":false," \
                               "\"rstrip\":false,\"normalized\":false,\"special\":true}"

/* A tokenizer.json with these pieces (a list of words between blanks, numbered in order), malloc'ed. */
static inline char *bert_json(const char *pieces, const char *normalizer, const char *added, const char *more) {
  size_t size = strlen(pieces) * 20 + strlen(normalizer) + strlen(added) + strlen(more) + 400;
  char *out = malloc(size), *p = out;
  if (out == NULL) abort();
  p += sprintf(p, "{\"version\":\"1.0\",\"truncation\":null,\"added_tokens\":[%s],\"normalizer\":%s,"
               "\"pre_tokenizer\":" BERT_PRE ",\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\"%s,\"vocab\":{",
               added, normalizer, more);
  for (unsigned n = 0; *pieces != '\0'; n++) {
    size_t len = strcspn(pieces, " ");
    p += sprintf(p, "%s\"%.*s\":%u", n > 0 ? "," : "", (int)len, pieces, n);
    pieces += len + (pieces[len] == ' ');
  }
  sprintf(p, "}}}");
  return out;
}

#endif
