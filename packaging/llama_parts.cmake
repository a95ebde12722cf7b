# Read by CMake right after llama.cpp's project(): its command-line tools' common library is not built. llama-cpp-python
# asks for it by force, and nothing in Tern uses it; it is two fifths of the build.
set(LLAMA_BUILD_COMMON OFF)
