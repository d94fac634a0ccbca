# Builds Debian's Inter and JetBrains Mono into the program. Where they are missing the resource is empty and the system's fonts are used.
set(FONT_QRC ${CMAKE_CURRENT_BINARY_DIR}/sumidero_fonts.qrc)
set(FONT_ENTRIES "")
foreach(FONT Inter-Light.otf Inter-LightItalic.otf Inter-Regular.otf Inter-Italic.otf Inter-Medium.otf Inter-SemiBold.otf Inter-SemiBoldItalic.otf Inter-Bold.otf
        JetBrainsMono-Regular.ttf JetBrainsMono-Italic.ttf JetBrainsMono-Bold.ttf)
    find_file(FONT_FILE_${FONT} ${FONT} PATHS /usr/share/fonts/opentype/inter /usr/share/fonts/truetype/jetbrains-mono
        NO_DEFAULT_PATH)
    mark_as_advanced(FONT_FILE_${FONT})
    if(FONT_FILE_${FONT})
        string(APPEND FONT_ENTRIES "    <file alias=\"${FONT}\">${FONT_FILE_${FONT}}</file>\n")
    endif()
endforeach()
file(CONFIGURE OUTPUT ${FONT_QRC} CONTENT "<RCC>\n  <qresource prefix=\"/fonts\">\n${FONT_ENTRIES}  </qresource>\n</RCC>\n")
