using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Countersign.Server.Storage.Sqlite.Migrations
{
    /// <inheritdoc />
    public partial class Upstreams : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "UpstreamName",
                table: "Workspaces",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "UpstreamPath",
                table: "Workspaces",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "UpstreamName",
                table: "Repositories",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "UpstreamPath",
                table: "Repositories",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Upstreams",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", nullable: false),
                    Kind = table.Column<string>(type: "TEXT", nullable: false),
                    Settings = table.Column<string>(type: "TEXT", nullable: false),
                    SealedSecret = table.Column<byte[]>(type: "BLOB", nullable: true),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Upstreams", x => x.Name);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Upstreams");

            migrationBuilder.DropColumn(
                name: "UpstreamName",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "UpstreamPath",
                table: "Workspaces");

            migrationBuilder.DropColumn(
                name: "UpstreamName",
                table: "Repositories");

            migrationBuilder.DropColumn(
                name: "UpstreamPath",
                table: "Repositories");
        }
    }
}
