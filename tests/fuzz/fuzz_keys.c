/* tests/fuzz/fuzz_keys.c - any bytes are keys: each step takes some, a name fits, and bytes that wait for
** their rest are taken once nothing more comes. */
#include <stdlib.h>
#include <string.h>

#include "term/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  while (size > 0) {
    Key key;
    char name[KEY_NAME];
    size_t used = key_decode(data, size, 0, &key);
    if (used == 0) used = key_decode(data, size, 1, &key);
    if (used == 0 || used > size) abort();
    size_t len = key_name(&key, name);
    if (len >= KEY_NAME || strlen(name) != len) abort();
    data += used;
    size -= used;
  }
  return 0;
}
