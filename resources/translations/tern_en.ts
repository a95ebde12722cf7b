<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>DataSection</name>
    <message numerus="yes">
        <source>%n backup(s), the newest from {0}.</source>
        <translation>
            <numerusform>%n backup, the newest from {0}.</numerusform>
            <numerusform>%n backups, the newest from {0}.</numerusform>
        </translation>
    </message>
</context>
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
        <source>About %n word(s) a second on this computer: {0}.</source>
        <translation>
            <numerusform>About %n word a second on this computer: {0}.</numerusform>
            <numerusform>About %n words a second on this computer: {0}.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ModelsController</name>
    <message numerus="yes">
        <source>%n download(s) are paused.</source>
        <translation>
            <numerusform>%n download is paused.</numerusform>
            <numerusform>%n downloads are paused.</numerusform>
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
<context>
    <name>NetworkSection</name>
    <message numerus="yes">
        <source>%n connection(s) to {0}; {1} received. A search is listed with the words that were sent.</source>
        <translation>
            <numerusform>%n connection to {0}; {1} received. A search is listed with the words that were sent.</numerusform>
            <numerusform>%n connections to {0}; {1} received. A search is listed with the words that were sent.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>StageController</name>
    <message numerus="yes">
        <source>%n thread(s)</source>
        <translation>
            <numerusform>%n thread</numerusform>
            <numerusform>%n threads</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>model_cards</name>
    <message numerus="yes">
        <source>about %n word(s)/s</source>
        <translation>
            <numerusform>about %n word/s</numerusform>
            <numerusform>about %n words/s</numerusform>
        </translation>
    </message>
</context>
</TS>
