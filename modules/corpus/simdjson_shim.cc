// modules/corpus/simdjson_shim.cc - see simdjson_shim.h
#include "corpus/simdjson_shim.h"

#include <new>
#include <simdjson.h>

struct SimdjsonDom { simdjson::dom::parser parser; };

extern "C" int simdjson_utf8_valid(const char *text, size_t len) {
  return simdjson::validate_utf8(text, len);   // noexcept, allocates nothing
}

extern "C" SimdjsonDom *simdjson_dom_new(void) {
  try {
    return new SimdjsonDom;
  } catch (...) {
    return nullptr;
  }
}

extern "C" int simdjson_dom_parse(SimdjsonDom *d, const char *text, size_t len) {
  try {
    simdjson::dom::element root;
    return d->parser.parse(text, len, false).get(root) == simdjson::SUCCESS;
  } catch (...) {
    return 0;
  }
}

extern "C" void simdjson_dom_free(SimdjsonDom *d) { delete d; }
