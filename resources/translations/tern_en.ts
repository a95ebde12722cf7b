<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>DeletedPage</name>
    <message numerus="yes">
        <source>Deleted %n days ago</source>
        <translation>
            <numerusform>Deleted %n day ago</numerusform>
            <numerusform>Deleted %n days ago</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FirstModelCard</name>
    <message numerus="yes">
        <source>About %n word(s) a second on this computer.</source>
        <translation>
            <numerusform>About %n word a second on this computer.</numerusform>
            <numerusform>About %n words a second on this computer.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ModelsController</name>
    <message numerus="yes">
        <source>%n downloads are not finished.</source>
        <translation>
            <numerusform>%n download is not finished.</numerusform>
            <numerusform>%n downloads are not finished.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ModelsPage</name>
    <message numerus="yes">
        <source>%n model(s)</source>
        <translation>
            <numerusform>%n model</numerusform>
            <numerusform>%n models</numerusform>
        </translation>
    </message>
</context>
</TS>
