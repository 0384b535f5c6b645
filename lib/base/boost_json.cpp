// Boost.JSON itself, which Debian has as headers: compiled once, here, for all who use it.

#include <boost/json/src.hpp>
