; The setup program: ISCC /DVersion=0.1.0 /DPublisher=... /DHomepage=... /DAppId=... /DBundle=FOLDER /DOut=FOLDER tern.iss
[Setup]
AppId={#AppId}
AppName=Tern
AppVersion={#Version}
AppPublisher={#Publisher}
AppPublisherURL={#Homepage}
DefaultDirName={localappdata}\Programs\Tern
DefaultGroupName=Tern
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
ChangesAssociations=yes
CloseApplications=yes
Compression=lzma2/max
SolidCompression=yes
OutputDir={#Out}
OutputBaseFilename=Tern-{#Version}-windows-x64-setup
SetupIconFile={#Out}\tern.ico
UninstallDisplayIcon={app}\tern.exe
WizardStyle=modern

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[CustomMessages]
en.DeleteData=Delete your chats, settings and models too?
de.DeleteData=Auch Ihre Chats, Einstellungen und Modelle löschen?
en.OpenWith=Open .gguf files with Tern
de.OpenWith=.gguf-Dateien mit Tern öffnen

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "association"; Description: "{cm:OpenWith}"; Flags: unchecked

[Files]
Source: "{#Bundle}\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[InstallDelete]
Type: filesandordirs; Name: "{app}\_internal"

[Icons]
Name: "{group}\Tern"; Filename: "{app}\tern.exe"
Name: "{autodesktop}\Tern"; Filename: "{app}\tern.exe"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\Tern.gguf"; ValueType: string; ValueData: "GGUF language model"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\Tern.gguf\DefaultIcon"; ValueType: string; ValueData: "{app}\tern.exe,0"
Root: HKA; Subkey: "Software\Classes\Tern.gguf\shell\open\command"; ValueType: string; ValueData: """{app}\tern.exe"" ""%1"""
Root: HKA; Subkey: "Software\Classes\.gguf\OpenWithProgids"; ValueType: string; ValueName: "Tern.gguf"; ValueData: ""; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\.gguf"; ValueType: string; ValueData: "Tern.gguf"; Flags: uninsdeletevalue; Tasks: association

[Run]
Filename: "{app}\tern.exe"; Description: "{cm:LaunchProgram,Tern}"; Flags: nowait postinstall skipifsilent

[Code]
procedure CurUninstallStepChanged(CurUninstallStep: TUninstallStep);
begin
  if (CurUninstallStep = usPostUninstall) and DirExists(ExpandConstant('{localappdata}\tern')) and
     (SuppressibleMsgBox(CustomMessage('DeleteData'), mbConfirmation, MB_YESNO or MB_DEFBUTTON2, IDNO) = IDYES) then
    DelTree(ExpandConstant('{localappdata}\tern'), True, True, True);
end;
