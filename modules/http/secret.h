/* modules/http/secret.h - keys that are sent and never shown.
**
** They lie in pages of their own: locked where the system lets us, left out of core files, not
** inherited by a child, wiped before they are given back. A list of needles (each key, and its base64
** at the three alignments) masks what a server or a library repeats of them. */
#ifndef TAMIS_SECRET_H
#define TAMIS_SECRET_H

#include "core/error.h"
#include "core/span.h"

enum { SECRET_NEEDLES = 32, SECRET_GRAM = 8 };

typedef struct Secret {
  char *page;              /* mapped; NULL when empty */
  size_t size, used;       /* bytes */
  unsigned char *gram;     /* in the pages: a bit for every hash of 8 bytes of a needle */
  Span needle[SECRET_NEEDLES];
  size_t n;
} Secret;

/* 0, or -1 with *s empty and err worded. */
int secret_init(Secret *s, Error *err);
/* Keeps "NAME: VALUE", NUL-terminated, in the pages, and makes VALUE (behind a scheme word such as
** Bearer) a needle. VALUE is visible ASCII and spaces. The text, valid until secret_free; NULL with
** err worded, which never repeats the value. */
const char *secret_header(Secret *s, const char *name, const char *value, Error *err);
int secret_needle(Secret *s, const char *value, Error *err);   /* of a secret that is kept elsewhere: 0 or -1 */
/* Masks with asterisks, in place, each run of `shortest` bytes or more that a needle holds too; of a
** needle that is shorter than that, the whole. Needles under 8 bytes are not looked for. */
void secret_scrub(const Secret *s, char *text, size_t len, size_t shortest);
void secret_free(Secret *s);   /* wipes; an empty one is left alone */

/* From here on the process leaves no core file and lets no other process of this user read its memory
** (PR_SET_DUMPABLE, RLIMIT_CORE): a library's copies of a header lie where no page flag reaches. */
void secret_guard_process(void);

#endif
