<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Files.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\failure;
use local_moodlesync\local\file_digest;
use local_moodlesync\local\item;
use local_moodlesync\local\payload;

/**
 * The file that learners download or see. Others that somebody put beside it stay.
 */
final class resource extends module {
    /** Largest file, in bytes. */
    private const LARGEST = 2097152;

    /** Where the files of an activity are. */
    private const AREA = ['component' => 'mod_resource', 'filearea' => 'content', 'itemid' => 0];

    #[\Override]
    public function needs(): array {
        return ['name', 'file'];
    }

    #[\Override]
    public function readers(): array {
        return ['file' => fn(payload $p, string $f) => self::parse($p->object($f))];
    }

    #[\Override]
    public function defaults(): array {
        global $CFG;
        require_once($CFG->libdir . '/resourcelib.php');
        $config = get_config('resource');
        return [
            'files' => 0,
            'tobemigrated' => 0,
            'display' => $config->display ?? RESOURCELIB_DISPLAY_AUTO,
            'popupwidth' => $config->popupwidth ?? 620,
            'popupheight' => $config->popupheight ?? 450,
            'printintro' => $config->printintro ?? 1,
            'showsize' => $config->showsize ?? 0,
            'showtype' => $config->showtype ?? 0,
            'showdate' => $config->showdate ?? 0,
            'filterfiles' => $config->filterfiles ?? 0,
        ];
    }

    #[\Override]
    public function states(array $instances, array $cms): array {
        $files = $this->main_files(array_column($cms, 'contextid'));
        $digests = file_digest::of($files);
        $states = [];
        foreach ($cms as $cm) {
            $file = $files[$cm->contextid] ?? null;
            $states[$cm->instance]['file'] = $file === null ? null : [
                'name' => $file->filename,
                'sha256' => $digests[$file->contenthash],
                'size' => (int)$file->filesize,
            ];
        }
        return $states;
    }

    #[\Override]
    public function differs(string $field, mixed $wanted, mixed $current, \stdClass $cm, item $item): bool {
        if ($field === 'file') {
            unset($wanted['content']); // The digest says as much.
        }
        return parent::differs($field, $wanted, $current, $cm, $item);
    }

    #[\Override]
    public function write(\stdClass $cm, array $changes, item $item): void {
        global $DB, $USER;
        if (!isset($changes['file'])) {
            return;
        }
        $fs = get_file_storage();
        $main = $this->main_files([$cm->contextid])[$cm->contextid] ?? null;
        if ($main) {
            $fs->get_file_by_id($main->id)->delete();
        }
        $name = $changes['file']['name'];
        if ($same = $fs->get_file($cm->contextid, 'mod_resource', 'content', 0, '/', $name)) {
            $same->delete();
        }
        $record = ['contextid' => $cm->contextid, 'filepath' => '/', 'filename' => $name, 'sortorder' => 1, 'userid' => $USER->id];
        $fs->create_file_from_string($record + self::AREA, $changes['file']['content']);
        $revision = (int)$DB->get_field('resource', 'revision', ['id' => $cm->instance], MUST_EXIST);
        $this->update($cm, ['revision' => $revision + 1]);
    }

    /**
     * Validates a file.
     *
     * @param payload $payload the file
     * @return array
     */
    private static function parse(payload $payload): array {
        $payload->only('name', 'base64');
        $name = $payload->text('name', 255);
        if (clean_param($name, PARAM_FILE) !== $name || trim($name) !== $name) {
            $reason = 'must be a file name, without / \\ : & < > " \' ` | (which Moodle takes out of it) or spaces at its ends';
            throw failure::payload($payload->at('name'), $reason);
        }
        $text = $payload->html('base64');
        $content = base64_decode($text, true);
        if (strlen((string)$content) > self::LARGEST) {
            throw failure::payload($payload->at('base64'), 'holds more than 2 MB: put the file in Moodle by hand');
        }
        if ($content === false || $content === '' || base64_encode($content) !== $text) {
            throw failure::payload($payload->at('base64'), 'must be the file in base64, not empty, without line breaks');
        }
        return ['name' => $name, 'sha256' => hash('sha256', $content), 'size' => strlen($content), 'content' => $content];
    }

    /**
     * The files that activities show, in bulk: of several the one that Moodle takes.
     *
     * @param int[] $contextids contexts of activities
     * @return \stdClass[] rows of files, by context id
     */
    private function main_files(array $contextids): array {
        global $DB;
        if (!$contextids) {
            return [];
        }
        [$in, $params] = $DB->get_in_or_equal($contextids, SQL_PARAMS_NAMED);
        $rows = $DB->get_records_select(
            'files',
            "component = :component AND filearea = :filearea AND itemid = :itemid AND filename <> '.' AND contextid $in",
            self::AREA + $params,
            'sortorder DESC, id ASC',
            'id, contextid, filename, contenthash, filesize'
        );
        $files = [];
        foreach ($rows as $row) {
            $files[$row->contextid] ??= $row;
        }
        return $files;
    }
}
