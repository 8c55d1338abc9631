/* tests/corpus_files.h - small files in a folder of their own, and corpora loaded from them. */
#ifndef TAMIS_CORPUS_FILES_H
#define TAMIS_CORPUS_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "corpus/reader.h"
#include "formats.h"

static char files_dir[64];
static char file_name[4][160];   /* room for the last few names */

/* The path of a file in the folder; good for the next three calls. */
static inline const char *file_path(const char *name) {
  static int turn;
  if (files_dir[0] == '\0') {
    strcpy(files_dir, "/tmp/tamis-test-XXXXXX");
    if (mkdtemp(files_dir) == NULL) abort();
  }
  char *path = file_name[turn++ % 4];
  snprintf(path, sizeof file_name[0], "%s/%s", files_dir, name);
  return path;
}

static inline const char *write_bytes(const char *name, const void *bytes, size_t len) {
  const char *path = file_path(name);
  FILE *f = fopen(path, "wb");
  if (f == NULL || fwrite(bytes, 1, len, f) != len) abort();
  fclose(f);
  return path;
}
static inline const char *write_text(const char *name, const char *text) { return write_bytes(name, text, strlen(text)); }

static inline void remove_files(void) {
  char command[128];
  if (files_dir[0] == '\0') return;
  snprintf(command, sizeof command, "rm -rf '%s'", files_dir);
  if (system(command) != 0) puts("cannot remove the test's files");
}

/* One gzip member; returns its length. */
static inline size_t gzip_member(const char *text, size_t len, char *out, size_t cap) {
  z_stream z = { 0 };
  deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = (Bytef *)(uintptr_t)text;
  z.avail_in = (uInt)len;
  z.next_out = (Bytef *)out;
  z.avail_out = (uInt)cap;
  deflate(&z, Z_FINISH);
  deflateEnd(&z);
  return z.total_out;
}

static Error load_error;

static inline Corpus *load_with(LoadOptions o, const char *path) {
  SourceSpec spec = { .path = path };
  Format *formats[] = { preference_format(), chat_format(), alpaca_format(), pairs_format() };
  o.source = &spec;
  o.nsources = 1;
  o.formats = formats;
  o.nformats = 4;
  o.spool_dir = files_dir;
  load_error.text[0] = '\0';
  Corpus *c = corpus_load(&o, &load_error);
  for (size_t i = 0; i < 4; i++) format_unref(formats[i]);
  return c;
}
static inline Corpus *load(const char *path) { return load_with((LoadOptions){ 0 }, path); }

/* The rows as "line:reason:bytes", one a line, into a static buffer. */
static inline const char *rows_of(const Corpus *c) {
  static char text[1 << 16];
  size_t n = 0;
  text[0] = '\0';
  for (uint32_t i = 0; c != NULL && i < c->nrows; i++) {
    Span b = corpus_row_bytes(c, i);
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%u:%s:%.*s", i > 0 ? "\n" : "", c->rows[i].line,
                          row_state_reason(corpus_row_state(c, i)), (int)(b.len < 300 ? b.len : 300), b.ptr);
  }
  return text;
}

#endif
